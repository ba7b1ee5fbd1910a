"""Settings of metrics."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MetricsSettings(BaseSettings):
    """Read from the environment; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_METRICS_", env_file=".env", extra="ignore", frozen=True)

    evaluation_quiet_seconds: float = Field(default=2.0, ge=0, le=600)
    evaluation_latest_seconds: float = Field(default=30.0, ge=0, le=3600)
