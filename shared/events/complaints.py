"""What satisfaction tells of complaints: every move of each, and every deadline that passed."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Fact

ComplaintClass = Literal["simple", "general", "major"]
"""R199, R51: simple is answered at once, general on the same day, major with a plan, a cause analysis and a call."""


class ComplaintFact(Fact):
    """A complaint as it stood right after (R60, R182); subject is `complaint_id`.

    `customer` and `complainant` are null when it is anonymous. `ticket_id` and `external_id` name the incident that it
    is about, `owner` who answers for it (the first receiver until somebody else accepts it, R198); `due_at` is when its
    answer is due. `measure_key` and `scope` name the measure that it speaks of, where somebody said so.
    """

    complaint_id: UUID
    number: str
    complaint_class: ComplaintClass
    title: str
    description: str
    channel: str
    anonymous: bool = False
    complainant: str | None = None
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    ticket_id: UUID | None = None
    external_id: str | None = None
    owner: str | None = None
    received_by: str
    received_at: datetime
    due_at: datetime | None = None
    measure_key: str | None = None
    scope: str | None = None
    url: str | None = None


class ComplaintReceived(ComplaintFact):
    """Somebody complained (R8, R193)."""

    TYPE: ClassVar[str] = "ratchet.complaint.received.v1"


class ComplaintEscalated(ComplaintFact):
    """Passed up: to somebody, to another class, or both (R60). `complaint_class` is the class from now on.

    By itself it is escalated to the role `told_to`, which has to see to it, and `cause` says why: a `deadline` comes
    near or has passed for a while (`level` counts from 1), too many `rejections` or `pass_ons`, or its `owner` is whom
    it is about. Both are null where a person escalated it.
    """

    TYPE: ClassVar[str] = "ratchet.complaint.escalated.v1"
    previous_class: ComplaintClass
    escalated_by: str
    escalated_to: str | None = None
    escalated_at: datetime
    reason: str
    told_to: str | None = None
    cause: Literal["deadline", "rejections", "pass_ons", "owner"] | None = None
    level: int | None = None


class ComplaintPassedOn(ComplaintFact):
    """R193, R198: a pass-on and what became of it. Only when it is `accepted` has the complaint another `owner`, also
    where somebody took over what nobody owned, or a manager what nobody offered; `returned`: nobody accepted it in
    time. `pass_ons` counts those that were offered so far."""

    TYPE: ClassVar[str] = "ratchet.complaint.passed_on.v1"
    outcome: Literal["offered", "accepted", "declined", "returned"]
    passed_to: str
    told_by: str
    told_at: datetime
    pass_ons: int
    reason: str | None = None


class ComplaintAnswered(ComplaintFact):
    """R56, R193: the customer has an answer; `round` counts from 1 and rises with each rejection."""

    TYPE: ClassVar[str] = "ratchet.complaint.answered.v1"
    answer: str
    answered_by: str
    answered_at: datetime
    on_time: bool
    round: int


class ComplaintAccepted(ComplaintFact):
    """The customer is content with the answer."""

    TYPE: ClassVar[str] = "ratchet.complaint.accepted.v1"
    answered_by: str | None = None
    accepted_at: datetime
    score: int | None = None
    comment: str | None = None


class ComplaintRejected(ComplaintFact):
    """The customer is not content: the complaint is open again. `rejections` counts how often."""

    TYPE: ClassVar[str] = "ratchet.complaint.rejected.v1"
    answered_by: str | None = None
    rejected_at: datetime
    reason: str
    rejections: int


class ComplaintOverdue(ComplaintFact):
    """R193, R194, R199: a deadline has passed and what was due was not done; told once for each."""

    TYPE: ClassVar[str] = "ratchet.complaint.overdue.v1"
    deadline: Literal["acknowledge", "plan", "answer", "follow_up", "progress", "settlement"]
    deadline_at: datetime
    noticed_at: datetime


class ComplaintClosed(ComplaintFact):
    """Settled: the customer accepted the answer, or said nothing to it for long. `on_time`: no deadline was missed."""

    TYPE: ClassVar[str] = "ratchet.complaint.closed.v1"
    closing: Literal["accepted", "no_reaction"]
    closed_by: str
    closed_at: datetime
    on_time: bool
    pass_ons: int
    rejections: int
    note: str | None = None


class ComplaintDisputed(ComplaintFact):
    """R170, R196: both sides negotiate until `settle_by`; the original data are kept as they are until it is settled.
    `dispute_number` counts the disputes about this complaint from 1."""

    TYPE: ClassVar[str] = "ratchet.complaint.disputed.v1"
    dispute_number: int
    dispute_subject: str
    settle_by: datetime
    opened_by: str
    opened_at: datetime


class ComplaintDisputeSettled(ComplaintFact):
    """R170: what was agreed, after so many `positions`; the original data are free again."""

    TYPE: ClassVar[str] = "ratchet.complaint.dispute_settled.v1"
    dispute_number: int
    dispute_subject: str
    outcome: str
    positions: int
    settled_by: str
    settled_at: datetime
    on_time: bool
