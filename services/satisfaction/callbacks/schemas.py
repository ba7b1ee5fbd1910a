"""What the callbacks take and answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.satisfaction.callbacks import rules
from services.satisfaction.callbacks.conduct.schemas import ItemKey
from services.satisfaction.callbacks.customers.rules import (
    Obstacle,
    find_call_by,
    find_callable_from,
    find_obstacle,
    read_word,
)
from services.satisfaction.callbacks.rules import Outcome, State
from services.satisfaction.settings import SatisfactionSettings
from shared.events.callbacks import Channel, Solved
from shared.fields import Body, Moment, Text

Score = Annotated[int, Field(ge=1, le=5, strict=True)]
"""1 (very dissatisfied) to 5 (very satisfied). Never a default: an answer that nobody gave would look like one."""


class Claim(BaseModel):
    """Who is calling the customer, and until when nobody else may."""

    holder: str
    holder_name: str
    until: datetime


class Callback(BaseModel):
    """One resolution and the question whether it really is one.

    `level` is the project level, at which the desk asks (R79). `overdue` is true while the callback is due and its time
    is over; `overdue_at` is when that was noticed. `on_time` is null until it is completed.

    While it is due: `at_risk` says that the first level of escalation is reached and the deadline is not; `call_by` is
    the last moment outside quiet hours before the deadline; `callable_from` says until when quiet hours or an agreed
    time forbid a call (null: it can be made now), and `obstacle` which of them keeps it from being made before its
    deadline. `claim` is null where nobody holds the customer.

    `history`: the resolution was heard of long after its 24 hours; nobody is asked to call, and it counts like any
    other. `contact` is whom to ask for at the customer's, and by which number.
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
    history: bool
    at_risk: bool
    escalation_level: int
    escalated_at: datetime | None
    call_by: datetime | None
    callable_from: datetime | None
    obstacle: Obstacle | None
    claim: Claim | None
    desk: str | None
    segment: str | None
    contact: str | None
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
    conduct_versions: dict[str, int] | None
    unreachable_at: datetime | None
    unreachable_by: str | None
    unreachable_reason: str | None
    cancelled_at: datetime | None
    correlation_id: str
    version: int

    @classmethod
    def of(cls, row: Row[Any], now: datetime, thresholds: SatisfactionSettings) -> "Callback":
        """Read a row of `callbacks` as `repository.see` shows it."""
        held = row.holder is not None and row.state == "due"
        claim = Claim(holder=row.holder, holder_name=row.holder_name, until=row.held_until) if held else None
        told = {
            "on_time": rules.is_on_time(row.completed_at, row.due_at) if row.completed_at else None,
            "overdue": rules.is_overdue(row.state, row.due_at, now),
            "claim": claim,
            **(_foresee(row, now, thresholds) if row.state == "due" else _SETTLED),
        }
        return cls.model_validate({**row._mapping, **told})


_SETTLED = {"at_risk": False, "call_by": None, "callable_from": None, "obstacle": None}


def _foresee(row: Row[Any], now: datetime, thresholds: SatisfactionSettings) -> dict[str, Any]:
    """What the clock says of a callback that is due."""
    hours = read_word(row.hours, thresholds.time_zone, thresholds.quiet_hours)
    call_by = find_call_by(hours, row.due_at)
    callable_from = find_callable_from(hours, now, row.next_attempt_at)
    levels = [from_deadline for from_deadline, _ in thresholds.escalations]
    return {
        "at_risk": rules.is_at_risk(row.state, call_by, row.due_at, now, levels),
        "call_by": call_by,
        "callable_from": callable_from if callable_from > now else None,
        "obstacle": find_obstacle(hours, now, row.due_at, row.next_attempt_at),
    }


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


class Completion(Body):
    """What the customer answered (R81, R82); `completed_at` is now unless told. `conduct` are the customer's scores of
    the engineer's conduct by item (R185), of those that `GET /v1/conduct-items` names."""

    solved: Solved
    score: Score
    comment: Text | None = None
    channel: Channel = "phone"
    completed_at: Moment | None = None
    conduct: Annotated[dict[ItemKey, Score], Field(max_length=50)] | None = None


class GivingUp(Body):
    """Why no further attempt makes sense."""

    reason: Text
