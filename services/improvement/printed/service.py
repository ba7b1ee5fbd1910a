"""All that the printed record shows, read at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository as approvals
from services.improvement.approvals.models import ApprovalStep
from services.improvement.benefits import repository as benefits
from services.improvement.benefits.models import BenefitEntry, CostPeriod
from services.improvement.benefits.schemas import CostBenefitView
from services.improvement.benefits.service import account
from services.improvement.changes import repository as changes
from services.improvement.changes.models import Attempt, Change
from services.improvement.discussion import repository as discussion
from services.improvement.discussion.models import Entry
from services.improvement.effects import repository as effects
from services.improvement.effects.models import Inspection
from services.improvement.effects.schemas import EffectView
from services.improvement.effects.service import assessment_of, trace_effect
from services.improvement.improvements import repository, service
from services.improvement.improvements.models import HistoryLine, Improvement
from services.improvement.improvements.priorities import Priority, prioritise
from services.improvement.improvements.schemas import SignedVerdict, format_number
from services.improvement.lessons import repository as lessons
from services.improvement.lessons.models import Lesson
from services.improvement.links import repository as links
from services.improvement.links.models import Link
from services.improvement.measures import repository as measures
from services.improvement.measures.models import Measure
from services.improvement.participants import repository as participants
from services.improvement.participants.models import Participant
from services.improvement.printed import repository as printed
from services.improvement.printed import rules
from services.improvement.sustain import repository as sustain
from services.improvement.sustain.models import SustainCheck
from services.improvement.tasks import repository as tasks
from services.improvement.tasks.models import Task
from shared.events.improvement import VerificationPlan
from shared.events.metrics import EffectAssessed

MOST_LINES = 2000


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record with everything that belongs to it; lists are oldest first."""

    record: Improvement
    number: str
    priority: Priority
    measure: Measure | None
    plan: VerificationPlan | None
    tasks: Sequence[Task]
    steps: Sequence[ApprovalStep]
    changes: Sequence[tuple[Change, Sequence[Attempt]]]
    evidence: EffectAssessed | None
    signature: SignedVerdict | None
    effect: EffectView
    inspections: Sequence[Inspection]
    participants: Sequence[Participant]
    links: Sequence[Link]
    discussion: Sequence[Entry]
    amounts: Sequence[BenefitEntry]
    periods: Sequence[CostPeriod]
    account: CostBenefitView
    checks: Sequence[SustainCheck]
    lessons: Sequence[Lesson]
    history: Sequence[HistoryLine]
    revisions: Sequence[rules.RevisionLine]
    parent: Improvement | None
    followers: Sequence[Improvement]

    @property
    def unit(self) -> str:
        return self.measure.unit if self.measure else ""

    @property
    def parent_number(self) -> str | None:
        return format_number(self.parent.number) if self.parent else None

    @property
    def chain(self) -> list[ApprovalStep]:
        """The approval steps of this revision."""
        return [step for step in self.steps if step.revision == self.record.revision]

    @property
    def open_step(self) -> ApprovalStep | None:
        return next((step for step in self.chain if step.state == "open"), None)

    @property
    def approver(self) -> ApprovalStep | None:
        """Who gave the last approval of this revision, once the chain is through."""
        chain = self.chain
        return chain[-1] if chain and all(step.state == "approved" for step in chain) else None

    @property
    def change(self) -> Change | None:
        """The change request of this revision."""
        return next((change for change, _ in self.changes if change.revision == self.record.revision), None)

    @property
    def effective_from(self) -> datetime | None:
        return self.approver.decided_at if self.approver else None


async def gather_sheet(session: AsyncSession, improvement_id: UUID) -> Sheet:
    """Raises `ImprovementNotFound`."""
    record = await service.get_improvement(session, improvement_id)
    raised = await changes.list_of(session, record.id)
    history = await repository.list_history(session, record.id, 0, MOST_LINES)
    return Sheet(
        record=record,
        number=format_number(record.number),
        priority=prioritise(record.severity, record.impact, record.effort),
        measure=await measures.find(session, record.measure_key) if record.measure_key else None,
        plan=VerificationPlan.model_validate(record.verification_plan) if record.verification_plan else None,
        tasks=await tasks.list_of(session, record.id),
        steps=await approvals.list_of(session, record.id),
        changes=[(change, await changes.list_attempts(session, change.id)) for change in raised],
        evidence=assessment_of(record),
        signature=SignedVerdict.model_validate(record.signature) if record.signature else None,
        effect=EffectView.model_validate(await trace_effect(session, record)),
        inspections=await effects.list_inspections(session, record.id),
        participants=await participants.list_of(session, record.id),
        links=await links.list_of(session, record.id),
        discussion=await discussion.list_of(session, record.id),
        amounts=await benefits.list_of(session, record.id),
        periods=await benefits.list_periods(session, record.id),
        account=await account(session, record.id),
        checks=await sustain.list_of(session, record.id),
        lessons=await lessons.list_of(session, record.id),
        history=history,
        revisions=rules.list_revisions(history),
        parent=await repository.find(session, record.parent_id) if record.parent_id else None,
        followers=await printed.list_followers(session, record.id),
    )
