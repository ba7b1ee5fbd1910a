"""Use cases of approving."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import rules
from services.improvement.improvements.models import Approval, Improvement
from services.improvement.improvements.service import lock_improvement, move, readiness, tell, verification_plan
from shared.auth import Principal
from shared.events import improvement as events
from shared.ids import new_id


async def approve_improvement(
    session: AsyncSession,
    improvement_id: UUID,
    if_match: str | None,
    caller: Principal,
    comment: str | None,
    now: datetime,
) -> Improvement:
    """Authorise the plan (R18) and freeze how its effect will be judged (R25).

    Raises:
        IllegalTransition, LostUpdate, Missing, ApproverIsRequester
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("approve", record.state)
    rules.require_other_approver(caller.subject, record.requester, record.submitted_by)
    rules.require_ready("approve", readiness(record))
    plan = verification_plan(record)
    record.plan_hash = rules.hash_plan(plan)
    _decide(session, record, "approved", caller, comment, now)
    await move(session, record, "approve", state, caller.subject, now, comment)
    await tell(
        session,
        record,
        events.ImprovementApproved,
        approved_by=caller.subject,
        approved_at=now,
        problem=record.problem,
        root_cause=record.root_cause,
        plan=record.plan,
        impact_assessment=record.impact_assessment,
        planned_start=record.planned_start,
        planned_end=record.planned_end,
        verification_plan=plan,
        plan_hash=record.plan_hash,
    )
    return record


async def reject_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, caller: Principal, reason: str, now: datetime
) -> Improvement:
    """Say no, and why.

    Raises:
        IllegalTransition, LostUpdate, ApproverIsRequester
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("reject", record.state)
    rules.require_other_approver(caller.subject, record.requester, record.submitted_by)
    _decide(session, record, "rejected", caller, reason, now)
    await move(session, record, "reject", state, caller.subject, now, reason)
    await tell(session, record, events.ImprovementRejected, rejected_by=caller.subject, reason=reason)
    return record


def _decide(
    session: AsyncSession, record: Improvement, decision: str, caller: Principal, reason: str | None, now: datetime
) -> None:
    role = next(role for role in rules.MAY["approve"] if role in caller.roles)
    session.add(
        Approval(
            id=new_id(),
            improvement_id=record.id,
            revision=record.revision,
            step=1,
            decision=decision,
            actor=caller.subject,
            role=role.value,
            reason=reason,
            at=now,
        )
    )
