"""What the callbacks take and answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.satisfaction.callbacks import rules
from services.satisfaction.callbacks.rules import Outcome, State
from shared.events.satisfaction import Channel, Solved
from shared.fields import Body, Moment, Text

Score = Annotated[int, Field(ge=1, le=5, strict=True)]
"""1 (very dissatisfied) to 5 (very satisfied). Never a default: an answer that nobody gave would look like one."""


class Callback(BaseModel):
    """One resolution and the question whether it really is one.

    `level` is the project level, at which the desk asks (R79). `overdue` is true while the callback is due and its time
    is over; `overdue_at` is when that was noticed. `on_time` is null until it is completed.
    """

    id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    resolution_number: int
    title: str | None
    priority: str | None
    service: str | None
    customer: str | None
    project: str | None
    group: str | None
    resolver: str | None
    level: Literal["project"] = "project"
    state: State
    resolved_at: datetime
    due_at: datetime
    overdue: bool
    overdue_at: datetime | None
    attempt_count: int
    failed_attempt_count: int
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None
    on_time: bool | None
    channel: Channel | None
    solved: Solved | None
    score: int | None
    comment: str | None
    conduct: dict[str, int] | None
    unreachable_at: datetime | None
    unreachable_by: str | None
    unreachable_reason: str | None
    cancelled_at: datetime | None
    correlation_id: str
    version: int

    @classmethod
    def of(cls, row: Row[Any], now: datetime) -> "Callback":
        """Read a row of `callbacks`."""
        on_time = rules.is_on_time(row.completed_at, row.due_at) if row.completed_at else None
        overdue = rules.is_overdue(row.state, row.due_at, now)
        return cls.model_validate({**row._mapping, "overdue": overdue, "on_time": on_time})


class Attempt(BaseModel):
    """One try to reach the customer; `number` counts from 1."""

    id: UUID
    callback_id: UUID
    number: int
    attempted_at: datetime
    attempted_by: str
    channel: Channel
    outcome: Outcome
    note: str | None
    next_attempt_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> "Attempt":
        """Read a row of `callback_attempts`."""
        return cls.model_validate(row._mapping)


class CallbackWithAttempts(Callback):
    """The callback with its newest attempts (at most 200), oldest first."""

    attempts: Sequence[Attempt]


class NewAttempt(Body):
    """A try to reach the customer; `attempted_at` is now unless told, `next_attempt_at` what was agreed."""

    attempted_at: Moment | None = None
    channel: Channel
    outcome: Outcome
    note: Text | None = None
    next_attempt_at: Moment | None = None


class Conduct(Body):
    """How the engineer behaved (R185), each from 1 to 5: `courtesy`, and whether the fault was `explained`."""

    courtesy: Score | None = None
    explained: Score | None = None


class Completion(Body):
    """What the customer answered (R81, R82); `completed_at` is now unless told."""

    solved: Solved
    score: Score
    comment: Text | None = None
    channel: Channel = "phone"
    completed_at: Moment | None = None
    conduct: Conduct | None = None


class GivingUp(Body):
    """Why no further attempt makes sense."""

    reason: Text


class Coverage(BaseModel):
    """F23 over the resolutions of a period.

    `resolved` is the sum of `completed_on_time`, `completed_late`, `unreachable`, `open` and `cancelled`; `overdue` is
    the part of `open` whose time is over. `coverage` is `completed_on_time / n` with `n = resolved - cancelled`, from 0
    to 1; null where `n` is 0. `resolved_before` is the period's first moment that does not belong to it.
    """

    resolved_from: datetime | None
    resolved_before: datetime | None
    resolved: int
    completed_on_time: int
    completed_late: int
    unreachable: int
    open: int
    overdue: int
    cancelled: int
    n: int
    coverage: float | None
