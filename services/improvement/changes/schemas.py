"""What is told about change requests, and what is answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from services.improvement.changes import rules
from services.improvement.changes.models import Attempt, Change, Report
from services.improvement.changes.repository import Counts
from shared.fields import Body, Key, Moment, Name, Text

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class OutcomeBody(Body):
    """What became of a change. `implemented_at` (default: now) goes with `implemented`, `reason` with `failed`."""

    state: rules.Told
    implemented_at: Moment | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _fits_the_state(self) -> "OutcomeBody":
        if self.implemented_at is not None and self.state != "implemented":
            raise ValueError("implemented_at goes with state 'implemented' only")
        if self.reason is None and self.state == "failed":
            raise ValueError("reason: say why it failed")
        return self


class InboundOutcome(BaseModel):
    """What a ticketing system sends: which change, by our correlation id or its own id, and what became of it.

    `state` is ours or a word of the connection's `states`. Other fields are not read.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    correlation_id: Name | None = None
    external_id: Name | None = None
    state: Word
    implemented_at: Moment | None = None
    reason: Text | None = None

    @model_validator(mode="after")
    def _names_a_change(self) -> "InboundOutcome":
        if self.correlation_id is None and self.external_id is None:
            raise ValueError("correlation_id or external_id: one of them must name the change")
        return self


class RaiseBody(Body):
    """By which connection to raise a change from now on; left out, by the one it has."""

    connection: Key | None = None


class AttemptView(BaseModel):
    """One attempt to raise: `outcome` is `raised`, `found` (it was there already), `failed`, or `lost` when the process
    ended in it. After a lasting failure nothing is tried before a person raises it again."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error: str | None
    connection: str | None
    is_lasting: bool
    retry_after_seconds: int | None


class ReportView(BaseModel):
    """What was told of a change, by `way` of webhook, poll or hand: `word` is the teller's own, `effect` what became of
    it here, `payload` the body as it came."""

    model_config = ConfigDict(from_attributes=True)

    told_at: datetime
    way: str
    teller: str
    word: str
    state: str | None
    implemented_at: datetime | None
    reason: str | None
    effect: rules.Effect
    detail: str | None
    payload: str | None


class Ignored(BaseModel):
    """A system's webhook from which nothing followed, and why."""

    ignored: str


class StateCount(BaseModel):
    """Changes in one state: `retried` of them failed before and are tried again, the first at `next_attempt_at`."""

    model_config = ConfigDict(from_attributes=True)

    state: rules.State
    changes: int
    retried: int
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, counts: Sequence[Counts]) -> "list[StateCount]":
        return [cls.model_validate(count) for count in counts]


class ChangeSummary(BaseModel):
    """A change request; `reference` is what the remote record carries. `last_error` is why it is not raised, why its
    outcome is not known, or why it counts no more."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    improvement_id: UUID
    revision: int
    reference: str
    correlation_id: str
    version: int
    connection: str
    system: str
    state: rules.State
    external_id: str | None
    url: str | None
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    raised_at: datetime | None
    accepted_at: datetime | None
    implemented_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ChangeView(ChangeSummary):
    """With what was sent, every attempt to send it, and everything that was told of it, oldest first (R120)."""

    body: dict[str, Any]
    attempt_log: list[AttemptView]
    reports: list[ReportView]

    @classmethod
    def of_change(cls, change: Change, attempts: Sequence[Attempt], reports: Sequence[Report]) -> "ChangeView":
        summary = ChangeSummary.model_validate(change).model_dump()
        return cls(
            **summary,
            body=change.body,
            attempt_log=[AttemptView.model_validate(attempt) for attempt in attempts],
            reports=[ReportView.model_validate(report) for report in reports],
        )
