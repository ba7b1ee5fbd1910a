"""What satisfaction tells of callbacks: the course of each, disputes, and dissatisfaction."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Fact

Solved = Literal["yes", "partly", "no"]
Channel = Literal["phone", "email", "chat", "visit", "link"]


class CallbackFact(Fact):
    """A callback and the resolution it asks about; subject is `callback_id`. Desk and segment are the customer's."""

    callback_id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    resolution_number: int
    resolved_at: datetime
    due_at: datetime
    service: str | None = None
    customer: str | None = None
    group: str | None = None
    resolver: str | None = None
    title: str | None = None
    project: str | None = None
    desk: str | None = None
    segment: str | None = None


class CallbackScheduled(CallbackFact):
    """Due 24 h after the resolution (R80). `history`: the resolution was heard of long after that (an import of old
    tickets); it counts, and nobody is asked to call."""

    TYPE: ClassVar[str] = "ratchet.callback.scheduled.v1"
    history: bool = False


class CallbackAttempted(CallbackFact):
    """Somebody tried to reach the customer."""

    TYPE: ClassVar[str] = "ratchet.callback.attempted.v1"
    attempted_at: datetime
    attempted_by: str
    channel: Channel
    outcome: str


class CallbackCompleted(CallbackFact):
    """The customer answered (R81, R82); `conduct` are the scores, 1 to 5, by item (R185)."""

    TYPE: ClassVar[str] = "ratchet.callback.completed.v1"
    completed_at: datetime
    completed_by: str
    channel: Channel
    solved: Solved
    score: int
    comment: str | None = None
    on_time: bool
    conduct: dict[str, int] = Field(default_factory=dict)


class CallbackUnreachable(CallbackFact):
    """Given up after the attempts: stays in the denominator (F23)."""

    TYPE: ClassVar[str] = "ratchet.callback.unreachable.v1"
    decided_at: datetime
    decided_by: str
    attempts: int
    reason: str


class CallbackOverdue(CallbackFact):
    """The 24 hours are over and nobody asked."""

    TYPE: ClassVar[str] = "ratchet.callback.overdue.v1"
    noticed_at: datetime


class CallbackEscalated(CallbackFact):
    """Its deadline comes near, or has passed for a while (R80): `told_to` is the role that has to see to it.

    `level` counts from 1; it is reached `hours_from_deadline` after the deadline, before it where that is negative.
    """

    TYPE: ClassVar[str] = "ratchet.callback.escalated.v1"
    level: int
    told_to: str
    hours_from_deadline: float
    overdue: bool
    escalated_at: datetime


class CallbackLinkIssued(CallbackFact):
    """The customer may answer by a personal link. The link itself is told to nobody but who asked for it."""

    TYPE: ClassVar[str] = "ratchet.callback.link_issued.v1"
    issued_at: datetime
    issued_by: str
    expires_at: datetime


class CallbackCancelled(CallbackFact):
    """The incident was reopened before the customer was asked."""

    TYPE: ClassVar[str] = "ratchet.callback.cancelled.v1"
    cancelled_at: datetime
    reason: str


class ResolutionDisputed(CallbackFact):
    """The customer says that it is not solved (R81)."""

    TYPE: ClassVar[str] = "ratchet.resolution.disputed.v1"
    disputed_at: datetime
    solved: Solved
    comment: str | None = None
    score: int | None = None
    channel: Channel | None = None


class DissatisfactionRecorded(CallbackFact):
    """A score at or below the threshold (R82)."""

    TYPE: ClassVar[str] = "ratchet.dissatisfaction.recorded.v1"
    recorded_at: datetime
    score: int
    comment: str | None = None
    solved: Solved | None = None
    channel: Channel | None = None
    conduct: dict[str, int] = Field(default_factory=dict)
