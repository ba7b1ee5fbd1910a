"""Use cases of approving: the policy, and deciding the steps of a chain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository, rules
from services.improvement.approvals.chains import begin_revision, end_chain, expiry_of, open_chain
from services.improvement.approvals.models import ApprovalStep
from services.improvement.approvals.schemas import Decision, Delegation, PolicyBody, PolicyRule, PolicyView, Refusal
from services.improvement.improvements import rules as course
from services.improvement.improvements.models import Approval, Improvement
from services.improvement.improvements.service import append, lock_improvement, move, readiness, tell, touch
from services.improvement.improvements.service import verification_plan as plan_of
from services.improvement.settings import settings
from shared import problems
from shared.auth import Principal, Role
from shared.events import improvement as events
from shared.http import check_version
from shared.ids import new_id

_ACTOR = "service:improvement"


class PolicyHasGaps(problems.Problem):
    """Some records would need nobody's approval."""

    status = 422


class DecidedMeanwhile(problems.Problem):
    """Somebody else decided at the same moment."""

    status = 409


async def get_policy(session: AsyncSession) -> PolicyView:
    """The policy in force: the one that was set last, or the built-in one."""
    policy = await repository.find_policy(session)
    if policy is None:
        built_in = [PolicyRule.of(rule) for rule in rules.DEFAULT]
        return PolicyView(rules=built_in, is_default=True, version=0, updated_at=None, updated_by=None)
    return PolicyView(
        rules=[PolicyRule.model_validate(rule) for rule in policy.rules],
        is_default=False,
        version=policy.version,
        updated_at=policy.updated_at,
        updated_by=policy.updated_by,
    )


async def set_policy(
    session: AsyncSession, body: PolicyBody, if_match: str | None, actor: str, now: datetime
) -> PolicyView:
    """What is submitted from now on needs these approvals; chains that have begun stay as they are.

    Raises:
        PreconditionRequired, LostUpdate
        PolicyHasGaps: no rule applies always.
    """
    await repository.lock_policy(session)
    policy = await repository.find_policy(session) or repository.make_policy(actor, now)
    check_version(if_match, policy.version)
    if not any(rule.as_rule().is_always for rule in body.rules):
        raise PolicyHasGaps("every rule has a condition: leave `when` out of one, so that somebody approves each plan")
    policy.rules = [rule.model_dump(mode="json") for rule in body.rules]
    policy.version += 1
    policy.updated_at, policy.updated_by = now, actor
    session.add(policy)
    await session.flush()
    return await get_policy(session)


async def approve_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, caller: Principal, body: Decision, now: datetime
) -> Improvement:
    """Authorise the plan (R18); the last step of the chain freezes how its effect will be judged (R25).

    Raises:
        IllegalTransition, LostUpdate, Missing, NotTheApprover, StepDecided, DecidedBefore, DecidedMeanwhile,
        ApproverIsRequester
    """
    record, chain, step, role = await _take_step(session, improvement_id, if_match, caller, "approve", body.step)
    course.require_ready("approve", readiness(record))
    await _decide(session, record, step, "approved", caller, role, body.comment, now)
    following = next((other for other in chain if other.state == "waiting"), None)
    if following is not None:
        await _open_next(session, record, chain, step, following, caller, body.comment, now)
        return record
    plan = plan_of(record)
    record.plan_hash = course.hash_plan(plan)
    record.approved_at, record.approval_expires_at = now, expiry_of(now)
    await move(session, record, "approve", "approved", caller.subject, now, body.comment)
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
    session: AsyncSession, improvement_id: UUID, if_match: str | None, caller: Principal, body: Refusal, now: datetime
) -> Improvement:
    """Say no, and why: any step's no ends the record.

    Raises:
        IllegalTransition, LostUpdate, NotTheApprover, StepDecided, DecidedBefore, DecidedMeanwhile,
        ApproverIsRequester
    """
    record, _, step, role = await _take_step(session, improvement_id, if_match, caller, "reject", body.step)
    await _decide(session, record, step, "rejected", caller, role, body.reason, now)
    await end_chain(session, record, "approved")
    record.approval_expires_at = None
    await move(session, record, "reject", "rejected", caller.subject, now, body.reason)
    await tell(session, record, events.ImprovementRejected, rejected_by=caller.subject, reason=body.reason)
    return record


async def delegate_step(
    session: AsyncSession,
    improvement_id: UUID,
    if_match: str | None,
    caller: Principal,
    body: Delegation,
    now: datetime,
) -> Improvement:
    """Hand the open step to somebody else, and say why; whoever could decide it may.

    Raises:
        IllegalTransition, LostUpdate, NotTheApprover, StepDecided, DecidedBefore, ApproverIsRequester, UnfitDelegate
    """
    record, chain, step, _ = await _take_step(session, improvement_id, if_match, caller, "delegate", None)
    rules.require_fit_delegate(body.to, caller, _matter(record, chain))
    step.delegate, step.delegated_by, step.delegated_at = body.to, caller.subject, now
    step.delegation_reason = body.reason
    touch(record, now)
    note = f"step {step.step} ({step.role}) to {body.to}: {body.reason}"
    await append(session, record, caller.subject, now, "delegate", record.state, note)
    return record


async def expire_approvals(session: AsyncSession, now: datetime, most: int) -> int:
    """Approvals that nobody used in time: the record asks again, as a new revision. How many there were."""
    expired = await repository.claim_expired(session, now, most)
    for record in expired:
        came_from, ran_out, submitter = record.state, record.approval_expires_at, record.submitted_by
        await end_chain(session, record, "expired")
        begin_revision(record)
        record.submitted_by, record.submitted_at = submitter, now
        await open_chain(session, record, now)
        days = settings().approval_valid_days
        note = f"not begun within {days} working days of the approval: revision {record.revision} asks again"
        record.state = came_from
        await move(session, record, "approval_expired", "submitted", _ACTOR, now, note)
        fact = events.ImprovementApprovalExpired
        await tell(session, record, fact, expired_at=ran_out, expired_state=came_from, valid_days=days)
    return len(expired)


async def _take_step(
    session: AsyncSession,
    improvement_id: UUID,
    if_match: str | None,
    caller: Principal,
    action: str,
    wanted: int | None,
) -> tuple[Improvement, Sequence[ApprovalStep], ApprovalStep, str]:
    """The locked record, its chain, the open step, and the role in which the caller decides it."""
    seen = await repository.find_version(session, improvement_id)
    if seen is None:
        rules.require_business(caller, ())
    record = await lock_improvement(session, improvement_id, if_match)
    chain = await repository.list_chain(session, record.id, record.revision)
    matter = _matter(record, chain)
    rules.require_business(caller, matter.chain)
    course.require_submitted(action, record.state)
    if seen != record.version:
        raise DecidedMeanwhile("the record changed at this moment; read it again and decide on what it says now")
    open_step, role = rules.require_decider(caller, matter)
    if wanted is not None and wanted != open_step.step:
        raise rules.StepDecided(
            f"step {wanted} is not open; open is step {open_step.step} ({open_step.role})", step=open_step.step
        )
    return record, chain, chain[open_step.step - 1], role


async def _decide(
    session: AsyncSession,
    record: Improvement,
    step: ApprovalStep,
    decision: str,
    caller: Principal,
    role: str,
    reason: str | None,
    now: datetime,
) -> None:
    step.state, step.reason = decision, reason
    step.decided_by, step.decided_role, step.decided_at = caller.subject, role, now
    await session.flush()
    kept: dict[str, Any] = {"decision": decision, "actor": caller.subject, "role": role, "reason": reason, "at": now}
    session.add(
        Approval(id=new_id(), improvement_id=record.id, revision=record.revision, step=step.step, **kept),
    )


async def _open_next(
    session: AsyncSession,
    record: Improvement,
    chain: Sequence[ApprovalStep],
    step: ApprovalStep,
    following: ApprovalStep,
    caller: Principal,
    comment: str | None,
    now: datetime,
) -> None:
    following.state, following.opened_at = "open", now
    if record.approval_expires_at is None:
        record.approval_expires_at = expiry_of(now)
    touch(record, now)
    note = f"step {step.step} of {len(chain)} ({step.role})" + (f": {comment}" if comment else "")
    await append(session, record, caller.subject, now, "approval_given", record.state, note)
    await tell(
        session,
        record,
        events.ApprovalGiven,
        step=step.step,
        steps=len(chain),
        role=step.role,
        given_by=caller.subject,
        given_at=now,
        next_role=following.role,
    )


def _matter(record: Improvement, chain: Sequence[ApprovalStep]) -> rules.Matter:
    steps = [rules.Step(step.step, step.role, step.state, step.decided_by, step.delegate) for step in chain]
    return rules.Matter(record.requester, record.submitted_by, record.department, steps)


WRITERS = (Role.ADMINISTRATOR, Role.IMPROVEMENT_SUPERVISOR)
"""Who sets the policy."""
