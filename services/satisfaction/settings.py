"""Settings of the satisfaction service."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.auth import Role
from shared.calendars import Calendar
from shared.working_days import HolidayCountry, Limit, TimeZone, read_hours, working_days

_LIMITS: dict[str, dict[str, str]] = {
    "simple": {"answer": "30m"},
    "general": {"answer": "0d"},
    "major": {"acknowledge": "0d", "plan": "3d", "answer": "10d", "follow_up": "3d"},
}
HoursFromDeadline = Annotated[float, Field(ge=-24, le=8760)]


class SatisfactionSettings(BaseSettings):
    """Thresholds. Read from `RATCHET_SATISFACTION_…`; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_SATISFACTION_", env_file=".env", extra="ignore", frozen=True)

    unreachable_after_attempts: int = Field(default=3, ge=1, le=50)
    """So many attempts must have failed before a customer counts as unreachable."""
    dissatisfied_up_to_score: int = Field(default=2, ge=1, le=4)
    """A score from 1 to this one is told as dissatisfaction."""
    time_zone: TimeZone = "UTC"
    """The installation's zone: quiet hours of customers that have no zone of their own, and months of figures."""
    quiet_hours: str = Field(default="", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")
    """Nobody is called in these hours, as `21:00-08:00`; empty: there are none."""
    retry_minutes: int = Field(default=30, ge=0, le=1440)
    """A customer whom somebody has just tried to reach is offered to the desk again after so long, or when nobody else
    is to be called."""
    history_after_days: float = Field(default=7, gt=0, le=36_500)
    """A resolution of which Ratchet hears so many days after the deadline of its callback, or later, is history (an
    import of old tickets): it counts, but nobody is asked to call or told that it is overdue."""
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
    smtp_url: str = Field(default="", pattern=r"^(smtps?://[^\s/]+)?$")
    """The mail server that sends invitations to surveys; empty: nothing is mailed, links are exported."""
    mail_from: str = Field(default="", max_length=320, pattern=r"^([^\s@]+@[^\s@]+)?$")
    """The sender of these mails."""
    mail_retry_minutes: tuple[Annotated[float, Field(gt=0, le=10_080)], ...] = Field(
        default=(5.0, 30.0, 120.0, 300.0, 600.0, 600.0), max_length=20
    )
    """After so long a mail that did not go out is tried again; after the last it waits for the next reminder."""

    holiday_country: HolidayCountry = None
    """Working days are Monday to Friday without the public holidays of this country (ISO 3166)."""
    working_hours: str | None = Field(default=None, pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")
    """The hours of a working day in `time_zone`, as `09:00-18:00`; empty: all 24."""
    complaint_limits: Mapping[
        Literal["simple", "general", "major"], Mapping[Literal["acknowledge", "plan", "answer", "follow_up"], Limit]
    ] = Field(default=_LIMITS, validate_default=True)
    """R199, R51: until when a complaint of each class is acknowledged, planned and answered, and until when after the
    answer the customer is called. A class that is not named keeps its own."""
    complaint_escalations: tuple[tuple[HoursFromDeadline, Role], ...] = Field(
        default=((-2.0, Role.OPERATIONS_MANAGER), (8.0, Role.DEPARTMENT_HEAD)), max_length=20
    )
    """R60: the levels at which a deadline of a major or supervised complaint is escalated: hours from the deadline
    (before it: negative), rising, and who is told."""
    complaint_rejections: int = Field(default=2, ge=1, le=100)
    """A complaint whose answers were rejected so often goes up a class, and its escalation is told."""
    complaint_takeover: Limit = "4h"
    """R198: a complaint that nobody accepts within this comes back to its owner."""
    complaint_pass_ons: int = Field(default=3, ge=0, le=100)
    """R193: after so many pass-ons only a manager passes a complaint on."""
    complaint_silence: Limit = "5d"
    """An answer to which the customer says nothing for so long may be closed."""
    complaint_retention_days: int = Field(default=1095, ge=0, le=36_500)
    """R196: a closed complaint is deleted after so many days, never while a dispute runs; 0: never."""
    complaint_line: str | None = Field(default=None, max_length=200)
    """R193: the published line for complaints, shown on the public form."""
    complaints_per_minute: int = Field(default=5, ge=1, le=10_000)
    """So many complaints a minute are taken from one address by the public form."""
    suggestion_reply: Limit = "5d"
    """R184, R195: until when a suggestion is answered."""
    follow_up_within: Limit = "5d"
    """R88: until when the customer of a completed project is asked."""

    company_survey_every_days: int = Field(default=365, ge=0, le=3650)
    """R83: when no company survey was launched for so long, that is told; 0: never."""
    population_limit_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """A file with a survey's population may be so large; a larger population comes in several files."""

    @field_validator("escalations", "complaint_escalations")
    @classmethod
    def _rise(cls, levels: tuple[tuple[float, Role], ...]) -> tuple[tuple[float, Role], ...]:
        if any(later[0] <= earlier[0] for earlier, later in pairwise(levels)):
            raise ValueError("the hours must rise from level to level, for example [[-4, ...], [4, ...], [24, ...]]")
        return levels

    @field_validator("complaint_limits")
    @classmethod
    def _are_whole(cls, given: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
        limits = {**_LIMITS, **given}
        for name, of_class in limits.items():
            if "answer" not in of_class:
                raise ValueError(f'{name}: says until when it is answered, for example {{"answer": "0d"}}')
        return limits

    @model_validator(mode="after")
    def _can_mail(self) -> "SatisfactionSettings":
        if self.smtp_url and not (self.mail_from and self.public_url):
            raise ValueError("smtp_url: mails need mail_from, and public_url for the links in them")
        return self

    def calendar_at(self, moment: datetime) -> Calendar:
        """The working days of this installation about this moment."""
        return working_days(self.time_zone, self.holiday_country, moment, read_hours(self.working_hours))


def _thresholds(request: Request) -> SatisfactionSettings:
    thresholds: SatisfactionSettings = request.app.state.thresholds
    return thresholds


Thresholds = Annotated[SatisfactionSettings, Depends(_thresholds)]
"""The service's settings, in a route."""
