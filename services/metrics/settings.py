"""Settings of metrics."""

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.working_days import TimeZone


class MetricsSettings(BaseSettings):
    """Read from the environment; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_METRICS_", env_file=".env", extra="ignore", frozen=True)

    evaluation_quiet_seconds: float = Field(default=2.0, ge=0, le=600)
    evaluation_latest_seconds: float = Field(default=30.0, ge=0, le=3600)
    time_zone: TimeZone = "UTC"
    ranking: bool = False
    payload_retention_days: int = Field(default=400, ge=1, le=36_500)
    poll_retry_seconds: tuple[Annotated[float, Field(gt=0, le=86_400)], ...] = Field(
        default=(30.0, 120.0, 600.0, 1800.0, 3600.0), min_length=1
    )

    reopen_retry_seconds: tuple[Annotated[float, Field(gt=0, le=86_400)], ...] = Field(
        default=(30.0, 300.0, 1800.0, 7200.0, 21_600.0), max_length=20
    )

    @property
    def zone(self) -> ZoneInfo:
        """In which months, quarters and years begin at midnight."""
        return ZoneInfo(self.time_zone)


@cache
def settings() -> MetricsSettings:
    """Those of this process."""
    return MetricsSettings()
