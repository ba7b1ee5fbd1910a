"""Settings of the satisfaction service."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SatisfactionSettings(BaseSettings):
    """Thresholds. Read from `RATCHET_SATISFACTION_…`; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_SATISFACTION_", env_file=".env", extra="ignore", frozen=True)

    unreachable_after_attempts: int = Field(default=3, ge=1, le=50)
    """So many attempts must have failed before a customer counts as unreachable."""
    dissatisfied_up_to_score: int = Field(default=2, ge=1, le=4)
    """A score from 1 to this one is told as dissatisfaction."""


def _thresholds(request: Request) -> SatisfactionSettings:
    thresholds: SatisfactionSettings = request.app.state.thresholds
    return thresholds


Thresholds = Annotated[SatisfactionSettings, Depends(_thresholds)]
"""The service's settings, in a route."""
