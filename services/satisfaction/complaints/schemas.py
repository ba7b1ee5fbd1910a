"""What complaints look like from outside."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.satisfaction.complaints.rules import Channel, Deadline, State
from shared.events.complaints import ComplaintClass
from shared.fields import Body, Moment, Name, Text

Score = Annotated[int, Field(ge=1, le=5)]


class _About(Body):
    customer: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None
    ticket_id: UUID | None = None
    external_id: Name | None = None


class NewComplaint(_About):
    """R182: `anonymous` names neither complainant nor customer nor contact."""

    title: Name
    description: Text
    channel: Channel
    complaint_class: ComplaintClass = "general"
    anonymous: bool = False
    complainant: Name | None = None
    contact: Name | None = None
    measure_key: Name | None = None
    scope: Name | None = None
    complained_about: Name | None = Field(
        default=None, description="The member of staff whom it is about, by subject: they neither handle nor close it."
    )
    received_at: Moment | None = Field(default=None, description="When it came in; now when it is missing.")


class OwnNewComplaint(Body):
    """A customer's own, by the console."""

    title: Name
    description: Text
    complainant: Name | None = None
    contact: Name | None = None
    service: Name | None = None
    external_id: Name | None = None


class ComplaintEdit(Body):
    """What is not named stays; null takes away."""

    title: Name | None = None
    description: Text | None = None
    complainant: Name | None = None
    contact: Name | None = None
    customer: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None
    ticket_id: UUID | None = None
    external_id: Name | None = None
    measure_key: Name | None = None
    scope: Name | None = None
    complained_about: Name | None = None


class PassOn(Body):
    to: Name
    reason: Text


class Reason(Body):
    reason: Text


class Note(Body):
    note: Text


class Escalation(Body):
    """R60: up, to a class, to somebody, or both."""

    complaint_class: ComplaintClass | None = None
    to: Name | None = None
    reason: Text


class Answer(Body):
    answer: Text


class Acceptance(Body):
    """The customer's word; `score` rates whoever answered (R200)."""

    score: Score | None = None
    comment: Text | None = None


class FollowUpCall(Body):
    """R51: whether the customer is content after all."""

    satisfied: Literal["yes", "no"]
    note: Text
    score: Score | None = None


class Supervision(Body):
    """R194: who watches it from above, and until when progress is reported."""

    supervised_by: Name
    progress_due_at: Moment


class Progress(Body):
    note: Text
    next_due_at: Moment | None = None


class Closing(Body):
    note: Text | None = None


class NewDispute(Body):
    """R170."""

    subject: Text
    due_at: Moment


class Position(Body):
    side: Literal["customer", "provider", "third_party"]
    position: Text


class Settlement(Body):
    outcome: Text


class Complaint(BaseModel):
    """A line of the list. `overdue`: a deadline has passed that was not met."""

    id: UUID
    number: str
    state: State
    complaint_class: ComplaintClass
    title: str
    channel: Channel
    anonymous: bool
    customer: str | None
    service: str | None
    owner: str | None
    offered_to: str | None
    supervised_by: str | None
    received_at: datetime
    due_at: datetime
    next_due_at: datetime | None
    overdue: bool
    pass_ons: int
    rejections: int
    held: bool


class EntryView(BaseModel):
    kind: str
    at: datetime
    by: str
    note: str | None
    detail: dict[str, Any]
    public: bool


class DeadlineView(BaseModel):
    kind: Deadline
    due_at: datetime
    met_at: datetime | None
    lifted_at: datetime | None
    overdue: bool


class DisputeView(BaseModel):
    number: int
    subject: str
    positions: list[dict[str, Any]]
    opened_at: datetime
    opened_by: str
    due_at: datetime
    outcome: str | None
    settled_at: datetime | None
    settled_by: str | None


class ComplaintView(Complaint):
    """One complaint with its deadlines, timeline and disputes; `allowed` is what its state lets be done, `missing` what
    closing still needs."""

    version: int
    description: str
    complainant: str | None
    contact: str | None
    project: str | None
    department: str | None
    ticket_id: UUID | None
    external_id: str | None
    measure_key: str | None
    scope: str | None
    complained_about: str | None
    received_by: str
    offered_by: str | None
    offer_ends_at: datetime | None
    escalations: int
    round: int
    acknowledged_at: datetime | None
    planned_at: datetime | None
    analysed_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    silent_until: datetime | None
    accepted_at: datetime | None
    followed_up_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closing: str | None
    retain_until: datetime | None
    allowed: list[str]
    missing: list[str]
    deadlines: list[DeadlineView]
    timeline: list[EntryView]
    disputes: list[DisputeView]


class Received(ComplaintView):
    """`token` is the complainant's secret, and `link` the page where it shows the answer. Both are shown only now."""

    token: str
    link: str


class OwnEntry(BaseModel):
    kind: str
    at: datetime
    note: str | None


class OwnComplaint(BaseModel):
    """What whoever complained sees: the state, until when an answer is due, and what was said to them."""

    id: UUID
    number: str
    state: State
    title: str
    description: str
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    timeline: list[OwnEntry]


class Figure(BaseModel):
    """Complaints of one class, channel, … (`value`; null where none is named). `on_time` of the `judged` missed no
    deadline; `on_time_share` is null where none is judged."""

    value: str | None
    received: int
    open: int
    answered: int
    closed: int
    overdue: int
    judged: int
    on_time: int
    on_time_share: float | None
    pass_ons: int
    passed_on: int
    rejections: int
    reopened: int
    escalated: int
    disputed: int


class Figures(BaseModel):
    """Of complaints that were received in [from, to)."""

    period_from: datetime
    period_to: datetime
    by: str
    total: Figure
    of: list[Figure]
