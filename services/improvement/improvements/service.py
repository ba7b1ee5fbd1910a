"""Use cases of the improvement record: what people do with it. What it hears by event is in `gaps` and `effects`."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import repository, rules
from services.improvement.improvements.models import Approval, Improvement
from services.improvement.improvements.schemas import Edit, NewImprovement, PlanBody, format_number
from services.improvement.tasks.planning import replace_tasks
from shared import problems
from shared.auth import Principal
from shared.events import improvement as events
from shared.events.envelope import Draft, Fact, Origin, current_origin
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record_all

EVERYWHERE = "all"


class ImprovementNotFound(problems.NotFound):
    pass


class AlreadyOpen(problems.Problem):
    """One measure and scope has one open improvement."""

    status = 409


async def get_improvement(session: AsyncSession, improvement_id: UUID) -> Improvement:
    """Raises `ImprovementNotFound`."""
    record = await repository.find(session, improvement_id)
    if record is None:
        raise ImprovementNotFound(f"there is no improvement {improvement_id}")
    return record


async def lock_improvement(session: AsyncSession, improvement_id: UUID, if_match: str | None = None) -> Improvement:
    """The record, locked; where `if_match` is given it must name the present version.

    Raises:
        ImprovementNotFound, LostUpdate
    """
    record = (await repository.lock(session, [improvement_id])).get(improvement_id)
    if record is None:
        raise ImprovementNotFound(f"there is no improvement {improvement_id}")
    if if_match is not None:
        check_version(if_match, record.version)
    return record


async def open_improvement(session: AsyncSession, body: NewImprovement, actor: str, now: datetime) -> Improvement:
    """A person's record, in draft (R2, R11).

    Raises:
        AlreadyOpen: the measure and scope have an open one; names it.
    """
    improvement_id = new_id()
    fields = body.model_dump(exclude={"verification_plan", "tasks"})
    scope = (body.scope or EVERYWHERE) if body.measure_key else body.scope
    record = Improvement(
        **{
            **fields,
            "id": improvement_id,
            "version": 1,
            "sequence": 0,
            "revision": 1,
            "state": "draft",
            "origin": "person",
            "correlation_id": str(improvement_id),
            "requester": actor,
            "scope": scope,
            "verification_plan": _complete_plan(body.verification_plan, body.measure_key, scope),
            "opened_at": now,
            "edited_at": now,
            "updated_at": now,
        }
    )
    await _save(session, record)
    await replace_tasks(session, record.id, body.tasks, actor, now)
    await append(session, record, actor, now, "open", None)
    await tell(session, record, events.ImprovementOpened, problem=record.problem)
    return record


async def edit_improvement(
    session: AsyncSession, improvement_id: UUID, body: Edit, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Change a draft.

    Raises:
        PreconditionRequired, LostUpdate, IllegalTransition, AlreadyOpen, Malformed
    """
    record = await lock_improvement(session, improvement_id)
    check_version(if_match, record.version)
    rules.next_state("edit", record.state)
    changed = body.model_dump(exclude_unset=True, exclude={"verification_plan", "tasks"})
    for name, value in changed.items():
        setattr(record, name, value)
    if "tasks" in body.model_fields_set:
        changed["tasks"] = await replace_tasks(session, record.id, body.tasks, actor, now)
    if record.measure_key and not record.scope:
        record.scope = EVERYWHERE
    if "verification_plan" in body.model_fields_set:
        record.verification_plan = _complete_plan(body.verification_plan, record.measure_key, record.scope)
        changed["verification_plan"] = True
    if record.planned_start and record.planned_end and record.planned_end < record.planned_start:
        raise problems.Malformed("planned_end lies before planned_start")
    record.edited_at = now
    touch(record, now)
    await _save(session, record)
    await append(session, record, actor, now, "edit", record.state, f"changed: {', '.join(sorted(changed))}")
    return record


async def submit_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Ask for approval (R34).

    Raises:
        IllegalTransition, LostUpdate
        Missing: names what the record lacks (R17, R25, R35).
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("submit", record.state)
    rules.require_ready("submit", readiness(record))
    record.submitted_by, record.submitted_at = actor, now
    record.edited_at = now
    await move(session, record, "submit", state, actor, now)
    await tell(session, record, events.ImprovementSubmitted)
    return record


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


async def revise_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, reason: str, now: datetime
) -> Improvement:
    """Back to draft as a new revision (R37): approvals, frozen plan and evidence of the old one count no more.

    Raises:
        IllegalTransition, LostUpdate
        AlreadyOpen: the record was rejected and its measure and scope have an open one meanwhile.
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("revise", record.state, signed=signed_verdict(record))
    came_from = record.state
    record.revision += 1
    record.state = state
    for name in (
        "plan_hash",
        "submitted_by",
        "submitted_at",
        "implemented_at",
        "effect_request_id",
        "effect_requested_at",
        "assessment",
        "signature",
    ):
        setattr(record, name, None)
    touch(record, now)
    await _save(session, record)
    await append(session, record, actor, now, "revise", came_from, reason)
    await tell(session, record, events.ImprovementRevised, reason=reason)
    return record


async def hold_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, reason: str, now: datetime
) -> Improvement:
    """Pause, with a reason. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("hold", record.state)
    record.held_from, record.hold_reason = record.state, reason
    record.edited_at = now
    await move(session, record, "hold", state, actor, now, reason)
    await tell(session, record, events.ImprovementHeld, reason=reason)
    return record


async def resume_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Go on from where it was held. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("resume", record.state, record.held_from)
    record.held_from = record.hold_reason = None
    await move(session, record, "resume", state, actor, now)
    await tell(session, record, events.ImprovementResumed)
    return record


async def withdraw_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, reason: str, now: datetime
) -> Improvement:
    """Give it up, with a reason. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("withdraw", record.state)
    record.held_from = record.hold_reason = None
    await move(session, record, "withdraw", state, actor, now, reason)
    await tell(session, record, events.ImprovementWithdrawn, reason=reason)
    return record


async def close_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """End a verified record (R39). Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("close", record.state)
    record.closed_at = now
    await move(session, record, "close", state, actor, now)
    await tell(session, record, events.ImprovementClosed, verdict=signed_verdict(record))
    return record


async def move(
    session: AsyncSession,
    record: Improvement,
    action: str,
    state: str,
    actor: str,
    now: datetime,
    note: str | None = None,
) -> None:
    """Bring the record into this state, with its line of history."""
    came_from = record.state
    record.state = state
    touch(record, now)
    await append(session, record, actor, now, action, came_from, note)


async def append(
    session: AsyncSession,
    record: Improvement,
    actor: str,
    now: datetime,
    action: str,
    came_from: str | None,
    note: str | None = None,
) -> None:
    """One line of history."""
    line = {
        "improvement_id": record.id,
        "at": now,
        "actor": actor,
        "action": action,
        "from_state": came_from,
        "to_state": record.state,
        "note": note,
    }
    await repository.append_history(session, [line])


async def tell(
    session: AsyncSession, record: Improvement, contract: type[events.ImprovementFact], **extra: Any
) -> None:
    """Record an event of this record, in the record's own story."""
    await record_all(session, [draft(record, summarise(record, contract, **extra), current_origin.get())])


def draft(record: Improvement, data: Fact, origin: Origin) -> Draft:
    """The record's next event; what it says stands in the record's own story, whatever led to it."""
    record.sequence += 1
    return Draft(data, str(record.id), record.sequence, replace(origin, correlation_id=record.correlation_id))


def summarise(record: Improvement, contract: type[events.ImprovementFact], **extra: Any) -> events.ImprovementFact:
    """The summary that every event of the record carries, and what this one says besides."""
    return contract(
        improvement_id=record.id,
        number=format_number(record.number),
        title=record.title,
        state=record.state,
        revision=record.revision,
        origin=record.origin,
        gap_id=record.gap_id,
        measure_key=record.measure_key,
        scope=record.scope,
        owner=record.owner,
        requester=record.requester,
        **extra,
    )


def touch(record: Improvement, now: datetime) -> None:
    """Another version of the record."""
    record.version += 1
    record.updated_at = now


def verification_plan(record: Improvement) -> events.VerificationPlan:
    """The plan of a record that has one."""
    return events.VerificationPlan.model_validate(record.verification_plan)


def signed_verdict(record: Improvement) -> Any:
    return record.signature["verdict"] if record.signature else None


def readiness(record: Improvement) -> rules.Readiness:
    """What the guards look at."""
    plan = None if record.verification_plan is None else verification_plan(record)
    return rules.Readiness(record.measure_key, record.scope, record.plan, record.owner, record.resources, plan)


def _complete_plan(body: PlanBody | None, measure_key: str | None, scope: str | None) -> dict[str, Any] | None:
    plan = None if body is None else body.complete(measure_key, scope)
    return None if plan is None else plan.model_dump(mode="json")


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


async def _save(session: AsyncSession, record: Improvement) -> None:
    key = (record.measure_key or "", record.scope or "")
    with session.no_autoflush:
        other = (await repository.find_open(session, [key])).get(key, record.id)
    if other != record.id:
        raise AlreadyOpen(
            f"{key[0]} of {key[1]} has an open improvement already: work on that one", improvement_id=other
        )
    if not await repository.save(session, record):
        raise AlreadyOpen(f"{key[0]} of {key[1]} has had an improvement opened at this moment: work on that one")
