"""Settings of the improvement service's own."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0, le=30 * 86_400)]


class ImprovementSettings(BaseSettings):
    """Read from the environment and `.env`; every option has its line in `.env.example`.

    `change_retry_seconds`: the waits after each failed attempt to raise a change; after the last one it has failed
    until a person raises it again. `change_poll_seconds`: how often a raised change's outcome is asked for.
    """

    model_config = SettingsConfigDict(env_prefix="RATCHET_IMPROVEMENT_", env_file=".env", extra="ignore", frozen=True)

    change_retry_seconds: Annotated[tuple[Seconds, ...], Field(max_length=20)] = (5, 60, 600, 3600)
    change_poll_seconds: Seconds = 300
