"""What comes in and goes out over REST for improvement records."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.improvement.approvals.models import ApprovalStep
from services.improvement.approvals.schemas import StepView
from services.improvement.improvements import rules
from services.improvement.improvements.models import Approval, Improvement
from services.improvement.improvements.priorities import Effort, Impact, Severity, prioritise
from services.improvement.tasks.rules import progress_percent
from services.improvement.tasks.schemas import Day, NewTask, TaskView
from shared.events.improvement import VerificationPlan
from shared.events.metrics import Direction, EffectAssessed, Verdict
from shared.fields import Body, Key, Name, Text, Written

Origin = Literal[
    "gap",
    "nonconformity",
    "decision",
    "complaint",
    "survey",
    "dissatisfaction",
    "meeting",
    "report",
    "risk",
    "person",
    "regression",
    "renegotiation",
]
"""What an improvement came from (R2, R6–R10, R14)."""
MeasureType = Literal["process", "technology", "people"]
ActionKind = Literal["immediate", "corrective", "preventive", "improvement"]
Scope = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=300,
    ),
    Written(
        r"^(all|(service|customer|project|group|priority|category|cause)=[^\x00\r\n]{1,200})$",
        "'all', or one dimension and its value, as service=vpn; dimensions are service, customer, project, group, "
        "priority, category and cause",
    ),
]
"""Which tickets: `all`, or one dimension of the ticket facts and its value."""

Money = Annotated[
    Decimal, Field(ge=0, max_digits=14, decimal_places=2), AfterValidator(lambda value: value.quantize(Decimal("0.01")))
]
Figure = Annotated[float, Field(ge=-1e15, le=1e15, allow_inf_nan=False)]


class PlanBody(Body):
    """How the effect will be judged. The baseline window is `baseline_from` up to and without `baseline_to`;
    `minimum_effect` is absolute, in the measure's unit. Left out, measure and scope are the record's."""

    measure_key: Key | None = None
    scope: Scope | None = None
    direction: Direction
    baseline_from: Day
    baseline_to: Day
    minimum_effect: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] = 0.0
    settle_days: Annotated[int, Field(ge=0, le=365)] = 0
    minimum_points: Annotated[int, Field(ge=1, le=36)] = 2
    minimum_n: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    guard_measures: Annotated[tuple[Key, ...], Field(max_length=20)] = ()
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05

    @model_validator(mode="after")
    def _window_is_open(self) -> "PlanBody":
        if self.baseline_to <= self.baseline_from:
            raise ValueError("baseline_to must lie after baseline_from: it is the first day behind the window")
        return self

    def complete(self, measure_key: str | None, scope: str | None) -> VerificationPlan | None:
        """The plan for this record; None while there is no measure to judge."""
        key = self.measure_key or measure_key
        if key is None:
            return None
        given = self.model_dump(exclude={"measure_key", "scope"})
        return VerificationPlan(measure_key=key, scope=self.scope or scope or "all", **given)


class _Editable(Body):
    department: Name | None = None
    service: Name | None = None
    customer: Name | None = None
    project: Name | None = None
    severity: Severity | None = None
    impact: Impact | None = None
    effort: Effort | None = None
    measure_key: Key | None = None
    scope: Scope | None = None
    target: Figure | None = None
    root_cause: Text | None = None
    measure_type: MeasureType | None = None
    action_kind: ActionKind | None = None
    plan: Text | None = None
    owner: Name | None = None
    resources: Text | None = None
    budget: Money | None = None
    expected_benefit: Text | None = None
    impact_assessment: Text | None = None
    planned_start: Day | None = None
    planned_end: Day | None = None
    verification_plan: PlanBody | None = None

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> "_Editable":
        if self.planned_start and self.planned_end and self.planned_end < self.planned_start:
            raise ValueError("planned_end lies before planned_start")
        return self


class NewImprovement(_Editable):
    """What a person proposes (R2). `parent_id` is the record whose next turn this is (R27)."""

    title: Name
    problem: Text
    parent_id: UUID | None = None
    tasks: Annotated[tuple[NewTask, ...], Field(max_length=100)] = ()


class Edit(_Editable):
    """What is to be different; fields left out stay as they are, null empties one that may be empty.

    `change_reason` is told where the change makes another plan of it, which must be approved again (R37).
    """

    title: Name = ""
    problem: Text = ""
    tasks: Annotated[tuple[NewTask, ...], Field(max_length=100)] = ()
    change_reason: Text | None = None


class Reason(Body):
    reason: Text


class NextCycle(Body):
    """The next turn of the loop on the same matter: what is left out is taken from the record that closes."""

    title: Name | None = None
    problem: Text | None = None


class Closing(Body):
    """How the record ends (R39): from the signed verdict, where `closure_code` is left out."""

    closure_code: rules.Closure | None = None
    comment: Text | None = None
    next_cycle: NextCycle | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ApprovalView(_Answer):
    """One decision; those of earlier revisions stay to be read and count no more."""

    step: int
    revision: int
    decision: str
    actor: str
    role: str
    reason: str | None
    at: datetime


class HistoryView(_Answer):
    """One thing that happened; nothing here is ever changed."""

    id: int
    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str
    note: str | None


class SignedVerdict(BaseModel):
    """What was signed, beside what the evidence said."""

    verdict: Verdict
    computed_verdict: Verdict
    signed_by: str
    signed_at: datetime
    reason: str | None


class ChangeView(_Answer):
    """The change request of this revision in the ticketing system."""

    id: UUID
    state: str
    revision: int
    connection: str
    system: str
    external_id: str | None
    url: str | None
    implemented_at: datetime | None
    last_error: str | None


class ImprovementSummary(BaseModel):
    """A record as lists show it."""

    id: UUID
    number: str
    title: str
    state: rules.State
    revision: int
    version: int
    cycle: int
    parent_id: UUID | None
    origin: Origin
    gap_id: UUID | None
    department: str | None
    service: str | None
    customer: str | None
    project: str | None
    severity: Severity | None
    impact: Impact | None
    effort: Effort | None
    priority: int | None
    next_due_at: datetime | None
    measure_key: str | None
    scope: str | None
    owner: str | None
    requester: str
    verdict: Verdict | None
    correlation_id: str
    opened_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: Any) -> "ImprovementSummary":
        """Of a record, or of a row with its columns."""
        return cls.model_validate(_summarise(record))


class ImprovementView(ImprovementSummary):
    """The whole record. `allowed` is what may be done now; `change_failed` says why there is no change."""

    problem: str
    priority_explanation: str
    progress_percent: int | None
    target: float | None
    root_cause: str | None
    measure_type: MeasureType | None
    action_kind: ActionKind | None
    plan: str | None
    tasks: list[TaskView]
    resources: str | None
    budget: Decimal | None
    expected_benefit: str | None
    impact_assessment: str | None
    planned_start: date | None
    planned_end: date | None
    verification_plan: VerificationPlan | None
    plan_hash: str | None
    submitted_by: str | None
    submitted_at: datetime | None
    approved_at: datetime | None
    approval_expires_at: datetime | None
    approvals: list[ApprovalView]
    approval_steps: list[StepView]
    held_from: str | None
    hold_reason: str | None
    held_at: datetime | None
    held_seconds: int
    change: ChangeView | None
    change_failed: str | None
    implemented_at: datetime | None
    effect_requested_at: datetime | None
    assessment: EffectAssessed | None
    signature: SignedVerdict | None
    baseline_value: float | None
    baseline_set_at: datetime | None
    closed_at: datetime | None
    closure_code: rules.Closure | None
    allowed: list[rules.Action]

    @classmethod
    def of_record(
        cls,
        record: Improvement,
        approvals: Sequence[Approval],
        steps: Sequence[ApprovalStep],
        change: object | None,
        tasks: Sequence[TaskView],
    ) -> "ImprovementView":
        shown = None if change is None else ChangeView.model_validate(change)
        verdict = record.signature["verdict"] if record.signature else None
        own = {name: getattr(record, name) for name in cls.model_fields if name in Improvement.model_fields}
        return cls(
            **{**own, "number": format_number(record.number)},
            verdict=verdict,
            priority_explanation=prioritise(record.severity, record.impact, record.effort).explanation,
            progress_percent=progress_percent((task.state, task.awaits_approval) for task in tasks),
            tasks=list(tasks),
            approval_steps=[StepView.model_validate(step) for step in steps],
            approvals=[ApprovalView.model_validate(approval) for approval in approvals],
            change=shown,
            change_failed=shown.last_error if shown and shown.state == "failed" else None,
            allowed=rules.list_allowed(record.state, verdict),
        )


def format_number(number: int) -> str:
    """The number by which people call a record: IMP-000123."""
    return f"IMP-{number:06d}"


def _summarise(record: Any) -> dict[str, object]:
    own = {name: getattr(record, name) for name in ImprovementSummary.model_fields if name not in ("number", "verdict")}
    verdict = record.signature["verdict"] if record.signature else None
    return {**own, "number": format_number(record.number), "verdict": verdict}
