"""Settings of the satisfaction service."""

from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import Depends, Request
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.auth import Role

HoursFromDeadline = Annotated[float, Field(ge=-24, le=8760)]


class SatisfactionSettings(BaseSettings):
    """Thresholds. Read from `RATCHET_SATISFACTION_…`; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_SATISFACTION_", env_file=".env", extra="ignore", frozen=True)

    unreachable_after_attempts: int = Field(default=3, ge=1, le=50)
    """So many attempts must have failed before a customer counts as unreachable."""
    dissatisfied_up_to_score: int = Field(default=2, ge=1, le=4)
    """A score from 1 to this one is told as dissatisfaction."""
    time_zone: str = "UTC"
    """The installation's zone: quiet hours of customers that have no zone of their own, and months of figures."""
    quiet_hours: str = Field(default="", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")
    """Nobody is called in these hours, as `21:00-08:00`; empty: there are none."""
    claim_by: Literal["customer", "incident"] = "customer"
    """What a claim holds: the whole customer, or only the incident."""
    claim_minutes: int = Field(default=15, ge=1, le=480)
    """A claim that nobody renews ends after so long."""
    escalations: tuple[tuple[HoursFromDeadline, Role], ...] = Field(
        default=((-4.0, Role.SERVICE_DESK), (4.0, Role.OPERATIONS_MANAGER), (24.0, Role.DEPARTMENT_HEAD)),
        max_length=20,
    )
    """The levels of escalation: hours from the deadline (before it: negative), rising, and who is told."""
    link_valid_days: float = Field(default=7, gt=0, le=365)
    """How long a customer may answer by link."""
    link_misses_per_minute: int = Field(default=10, ge=1, le=10_000)
    """An address that tried more links than this that do not exist has to wait."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")
    """Where customers reach Ratchet; empty: the address at which the link was asked for."""

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no zone like Asia/Shanghai")
        return name

    @field_validator("escalations")
    @classmethod
    def _rise(cls, levels: tuple[tuple[float, Role], ...]) -> tuple[tuple[float, Role], ...]:
        if any(later[0] <= earlier[0] for earlier, later in pairwise(levels)):
            raise ValueError("the hours must rise from level to level, for example [[-4, ...], [4, ...], [24, ...]]")
        return levels


def _thresholds(request: Request) -> SatisfactionSettings:
    thresholds: SatisfactionSettings = request.app.state.thresholds
    return thresholds


Thresholds = Annotated[SatisfactionSettings, Depends(_thresholds)]
"""The service's settings, in a route."""
