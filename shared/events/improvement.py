"""What improvement tells: the record's course, its change request, and what it asks of metrics."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import Fact
from shared.events.metrics import Direction, EffectPurpose, Verdict


class VerificationPlan(BaseModel):
    """How the effect will be judged, fixed before the change.

    The baseline window is `baseline_from` up to and without `baseline_to`; `minimum_effect` is absolute, in the
    measure's unit; whole periods count as soon as `settle_days` have passed since the implementation.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    measure_key: str = Field(min_length=1, max_length=100)
    scope: str = Field(default="all", min_length=1, max_length=300)
    direction: Direction
    baseline_from: date
    baseline_to: date
    minimum_effect: float = Field(default=0.0, ge=0, le=1e12, allow_inf_nan=False)
    settle_days: int = Field(default=0, ge=0, le=365)
    minimum_points: int = Field(default=2, ge=1, le=36)
    minimum_n: int = Field(default=30, ge=1, le=1_000_000)
    guard_measures: tuple[str, ...] = Field(default=(), max_length=20)
    alpha: float = Field(default=0.05, gt=0, le=0.2)


class ImprovementFact(Fact):
    """The record's summary; subject is `improvement_id`."""

    improvement_id: UUID
    number: str
    title: str
    state: str
    revision: int
    origin: str
    gap_id: UUID | None = None
    measure_key: str | None = None
    scope: str | None = None
    owner: str | None = None
    requester: str


class ImprovementOpened(ImprovementFact):
    """An improvement record exists (R11)."""

    TYPE: ClassVar[str] = "ratchet.improvement.opened.v1"
    problem: str


class ImprovementSubmitted(ImprovementFact):
    """Its owner asks for approval (R34)."""

    TYPE: ClassVar[str] = "ratchet.improvement.submitted.v1"


class ImprovementApproved(ImprovementFact):
    """Authorised (R18): carries all that a change request needs (R12, R118)."""

    TYPE: ClassVar[str] = "ratchet.improvement.approved.v1"
    approved_by: str
    approved_at: datetime
    problem: str
    root_cause: str | None = None
    plan: str
    impact_assessment: str | None = None
    planned_start: date | None = None
    planned_end: date | None = None
    verification_plan: VerificationPlan
    plan_hash: str


class ImprovementRejected(ImprovementFact):
    """The approver said no."""

    TYPE: ClassVar[str] = "ratchet.improvement.rejected.v1"
    rejected_by: str
    reason: str


class ImprovementRevised(ImprovementFact):
    """Changed after rejection or approval: back to draft, with a new revision (R37)."""

    TYPE: ClassVar[str] = "ratchet.improvement.revised.v1"
    reason: str


class ImprovementHeld(ImprovementFact):
    """Paused, with a reason; its clocks stand still."""

    TYPE: ClassVar[str] = "ratchet.improvement.held.v1"
    reason: str


class ImprovementResumed(ImprovementFact):
    """Goes on from where it was held."""

    TYPE: ClassVar[str] = "ratchet.improvement.resumed.v1"


class ImprovementWithdrawn(ImprovementFact):
    """Given up, with a reason."""

    TYPE: ClassVar[str] = "ratchet.improvement.withdrawn.v1"
    reason: str


class ImprovementVerified(ImprovementFact):
    """A person signed the effect (R24, R38). Where verdict and computed verdict differ, `reason` says why."""

    TYPE: ClassVar[str] = "ratchet.improvement.verified.v1"
    verdict: Verdict
    computed_verdict: Verdict
    signed_by: str
    signed_at: datetime
    reason: str | None = None


class ImprovementClosed(ImprovementFact):
    """Closed (R39): achieved, partly achieved, not achieved or superseded; `next_cycle_id` goes on with the matter."""

    TYPE: ClassVar[str] = "ratchet.improvement.closed.v1"
    verdict: Verdict
    closure_code: str | None = None
    next_cycle_id: UUID | None = None


class ImprovementInspected(ImprovementFact):
    """The quality department or an auditor looked at the improvement independently (R48)."""

    TYPE: ClassVar[str] = "ratchet.improvement.inspected.v1"
    inspection_id: UUID
    inspected_by: str
    inspected_at: datetime
    conforms: bool
    finding: str


class ImprovementRegressed(ImprovementFact):
    """The signed effect did not last (R27, R127): `day` days after closing, `now_value` over `n` cases in the periods
    from `period_from` up to and without `period_to` is significantly worse than the signed level.

    `original_value` is the level before the first cycle. `successor_id` is the next cycle's record; it was open already
    when `attached`.
    """

    TYPE: ClassVar[str] = "ratchet.improvement.regressed.v1"
    check_id: UUID
    day: int
    cycle: int
    original_value: float | None = None
    signed_value: float
    now_value: float
    n: int
    period_from: date
    period_to: date
    reason: str
    successor_id: UUID
    successor_number: str
    attached: bool = False


class ApprovalGiven(ImprovementFact):
    """One step of the approval chain said yes and another one is to follow (R18, R34, R43)."""

    TYPE: ClassVar[str] = "ratchet.approval.given.v1"
    step: int
    steps: int
    role: str
    given_by: str
    given_at: datetime
    next_role: str


class ImprovementApprovalExpired(ImprovementFact):
    """Approved, in whole or in part, and not begun in time: it asks again, as the revision that is named here."""

    TYPE: ClassVar[str] = "ratchet.improvement.approval_expired.v1"
    expired_at: datetime
    expired_state: str
    valid_days: int


class TaskOverdue(ImprovementFact):
    """A task of the plan is not done and its day is past (R20): told once a due date. `owner` is the record's."""

    TYPE: ClassVar[str] = "ratchet.task.overdue.v1"
    task_id: UUID
    task_number: int
    task_title: str
    phase: str | None = None
    task_owner: str | None = None
    due: date
    overdue_since: datetime


class ChangeFact(Fact):
    """A change request in the ticketing system; subject is the improvement's id. `number`, `title`, `measure_key` and
    `scope` are the improvement's: what it changes, and where."""

    change_id: UUID
    improvement_id: UUID
    revision: int
    connection: str
    system: str
    number: str | None = None
    title: str | None = None
    measure_key: str | None = None
    scope: str | None = None


class ChangeRaised(ChangeFact):
    """The ticketing system has it: `external_id` there, `url` for people."""

    TYPE: ClassVar[str] = "ratchet.change.raised.v1"
    external_id: str
    url: str | None = None


class ChangeAccepted(ChangeFact):
    """Change control there said yes."""

    TYPE: ClassVar[str] = "ratchet.change.accepted.v1"
    external_id: str


class ChangeImplemented(ChangeFact):
    """Carried out at `implemented_at` (R119)."""

    TYPE: ClassVar[str] = "ratchet.change.implemented.v1"
    external_id: str | None = None
    implemented_at: datetime


class ChangeFailed(ChangeFact):
    """It could not be raised, or change control or the implementation failed: `reason` says which."""

    TYPE: ClassVar[str] = "ratchet.change.failed.v1"
    external_id: str | None = None
    reason: str


class EffectRequested(Fact):
    """Asks metrics to judge a frozen plan (R129); answered by `ratchet.effect.assessed.v1`.

    `verification` compares with the level before the change, once the plan's periods are there. `sustain` asks whether
    a signed level still holds (R127): the plan's window is the period on which it was signed, `implemented_at` that
    period's end, and the answer is made from the periods that are there now.
    """

    TYPE: ClassVar[str] = "ratchet.effect.requested.v1"
    request_id: UUID
    improvement_id: UUID
    plan: VerificationPlan
    plan_hash: str
    target: float | None = None
    implemented_at: datetime
    purpose: EffectPurpose = "verification"


class BaselineResetRequested(Fact):
    """After a signed effective verdict: hold the new level from now on (R36)."""

    TYPE: ClassVar[str] = "ratchet.baseline_reset.requested.v1"
    improvement_id: UUID
    gap_id: UUID | None = None
    measure_key: str
    scope: str
    effective_from: date
    value: float
    n: int
    reason: str
    signed_by: str
