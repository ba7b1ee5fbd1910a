"""Settings of the improvement service's own."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal
from zoneinfo import available_timezones

from holidays.registry import COUNTRIES
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.events.metrics import Severity

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
    holiday_country: str | None = None
    time_zone: str = "UTC"
    discussion_edit_minutes: Annotated[int, Field(ge=0, le=1440)] = 15

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no zone like Asia/Shanghai")
        return name

    @field_validator("holiday_country")
    @classmethod
    def _is_country(cls, code: str | None) -> str | None:
        if code and code not in {codes[1] for codes in COUNTRIES.values()}:
            raise ValueError(f"{code!r} is no country of ISO 3166 whose holidays are known, such as CN, DE or US")
        return code or None

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
