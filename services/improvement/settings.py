"""Settings of the improvement service's own."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.metrics import Severity
from shared.working_days import HolidayCountry, TimeZone

SourceKind = Literal[
    "gap", "nonconformity", "decision", "complaint", "survey", "dissatisfaction", "report", "risk", "renegotiation"
]
"""What opens records by itself."""

Seconds = Annotated[float, Field(gt=0, le=30 * 86_400)]


class ImprovementSettings(BaseSettings):
    """Read from the environment and `.env`; every option has its line in `.env.example`.

    `change_retry_seconds`: the waits after each failed attempt to raise a change; after the last one it has failed
    until a person raises it again. `change_poll_seconds`: how often a raised change's outcome is asked for.
    `open_from_severity`: from which severity on each kind of source opens a record; a kind that is not named opens at
    any. `cool_down_days`: for so long after a record of the same matter ended nothing new opens; 0 for a kind that is
    not named. `dissatisfaction_score`, `dissatisfaction_count` and `dissatisfaction_window_days`: so many scores up to
    this one within so many days, of one service or group, open a record. `sustain_days`: so many days after closing a
    signed effect is looked at again.
    `approval_valid_days`: so many working days after it was given an approval ends, unless change management has the
    plan by then; working days are Monday to Friday without the public holidays of `holiday_country` (ISO 3166, none
    when empty), in `time_zone`, in which also the day ends on which a task is due.
    `discussion_edit_minutes`: how long the author may mend what they said about a record; 0: never.
    """

    model_config = SettingsConfigDict(env_prefix="RATCHET_IMPROVEMENT_", env_file=".env", extra="ignore", frozen=True)

    change_retry_seconds: Annotated[tuple[Seconds, ...], Field(max_length=20)] = (5, 60, 600, 3600)
    change_poll_seconds: Seconds = 300
    open_from_severity: Mapping[SourceKind, Severity] = {"complaint": "high", "risk": "high"}
    cool_down_days: Mapping[SourceKind, Annotated[int, Field(ge=0, le=3650)]] = {
        "complaint": 30,
        "survey": 90,
        "dissatisfaction": 30,
        "risk": 30,
        "renegotiation": 30,
    }
    dissatisfaction_score: Annotated[int, Field(ge=1, le=5)] = 2
    dissatisfaction_count: Annotated[int, Field(ge=1, le=1000)] = 3
    dissatisfaction_window_days: Annotated[int, Field(ge=1, le=3650)] = 30
    sustain_days: Annotated[tuple[Annotated[int, Field(ge=0, le=3650)], ...], Field(max_length=12)] = (30, 60, 90)
    approval_valid_days: Annotated[int, Field(ge=1, le=365)] = 7
    holiday_country: HolidayCountry = None
    time_zone: TimeZone = "UTC"
    discussion_edit_minutes: Annotated[int, Field(ge=0, le=1440)] = 15

    def gate_of(self, kind: str) -> Severity | None:
        """The severity from which this kind of source opens a record; None: any."""
        return next((severity for named, severity in self.open_from_severity.items() if named == kind), None)

    def cool_down_of(self, kind: str) -> int:
        """Days."""
        return next((days for named, days in self.cool_down_days.items() if named == kind), 0)


@cache
def settings() -> ImprovementSettings:
    """Those of this process."""
    return ImprovementSettings()
