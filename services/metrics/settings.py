"""Settings of metrics."""

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class MetricsSettings(BaseSettings):
    """Read from the environment; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_METRICS_", env_file=".env", extra="ignore", frozen=True)

    evaluation_quiet_seconds: float = Field(default=2.0, ge=0, le=600)
    evaluation_latest_seconds: float = Field(default=30.0, ge=0, le=3600)
    time_zone: str = "UTC"
    ranking: bool = False
    payload_retention_days: int = Field(default=400, ge=1, le=36_500)
    poll_retry_seconds: tuple[Annotated[float, Field(gt=0, le=86_400)], ...] = Field(
        default=(30.0, 120.0, 600.0, 1800.0, 3600.0), min_length=1
    )

    reopen_retry_seconds: tuple[Annotated[float, Field(gt=0, le=86_400)], ...] = Field(
        default=(30.0, 300.0, 1800.0, 7200.0, 21_600.0), max_length=20
    )

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no zone like Asia/Shanghai")
        return name

    @property
    def zone(self) -> ZoneInfo:
        """In which months, quarters and years begin at midnight."""
        return ZoneInfo(self.time_zone)


@cache
def settings() -> MetricsSettings:
    """Those of this process."""
    return MetricsSettings()
