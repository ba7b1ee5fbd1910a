"""Settings of the satisfaction service."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class SatisfactionSettings(Settings):
    """The thresholds of the callbacks (`RATCHET_SATISFACTION_…`)."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_SATISFACTION_")

    unreachable_after_attempts: int = Field(default=3, ge=1, le=50)
    """So many attempts must have failed before a customer counts as unreachable."""
    dissatisfied_up_to_score: int = Field(default=2, ge=1, le=4)
    """A score from 1 to this one is told as dissatisfaction."""


def _thresholds(request: Request) -> SatisfactionSettings:
    thresholds: SatisfactionSettings = request.app.state.thresholds
    return thresholds


Thresholds = Annotated[SatisfactionSettings, Depends(_thresholds)]
"""The service's settings, in a route."""
