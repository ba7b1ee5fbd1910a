"""The notifier's own settings."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
HOUR = 3600.0


class NotifierSettings(Settings):
    """How webhooks are delivered. Read from `RATCHET_NOTIFIER_…`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_NOTIFIER_")

    dangerous_allow_private_targets: bool | None = None
    """Whether webhooks may go to loopback, private and other addresses that are not public; unset means: in
    development only."""

    retry_delays_seconds: tuple[Seconds, ...] = (5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR)
    """The wait after each failed attempt; one more attempt than delays is made."""

    retry_jitter: float = Field(default=0.1, ge=0, lt=1)
    """Each wait is longer or shorter by up to this share of itself."""

    retry_after_limit_seconds: Seconds = 24 * HOUR
    """The longest `Retry-After` that is honoured."""

    attempt_timeout_seconds: Seconds = 15
    """One attempt in all: resolving, connecting, sending, reading the answer."""

    lease_seconds: Seconds = 60
    """A delivery whose process died is taken up again after this."""

    concurrency: int = Field(default=200, ge=1)
    """Attempts under way at once, in one process."""

    concurrency_per_endpoint: int = Field(default=10, ge=1)
    """Attempts under way at once to one endpoint, in one process."""

    disable_after_hours: float = Field(default=120, gt=0)
    """An endpoint that failed for so long without one success is disabled."""

    retention_days: int = Field(default=90, ge=1)
    """Settled deliveries and the events that they carried are kept for so long."""

    poll_seconds: Seconds = 1
    """How often due retries are looked for."""

    @model_validator(mode="after")
    def _lease_outlasts_attempt(self) -> Self:
        if self.lease_seconds <= self.attempt_timeout_seconds:
            raise ValueError("lease_seconds must be longer than attempt_timeout_seconds, or deliveries are sent twice")
        return self

    @property
    def allows_private_targets(self) -> bool:
        if self.dangerous_allow_private_targets is None:
            return self.environment == "development"
        return self.dangerous_allow_private_targets

    @classmethod
    def beside(cls, settings: Settings) -> Self:
        """The notifier's options from the environment, with the common ones as they are in `settings`."""
        return settings if isinstance(settings, cls) else cls(**settings.model_dump())
