"""Use cases of a record's course: submit, revise, hold, resume, withdraw, close. Who approves it is in `approvals`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals.chains import begin_revision, calendar_at, end_chain, open_chain
from services.improvement.approvals.rules import shift_expiry
from services.improvement.improvements import rules
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import Closing, NextCycle, format_number
from services.improvement.improvements.service import (
    append,
    lock_improvement,
    move,
    open_next_cycle,
    readiness,
    save_record,
    signed_verdict,
    tell,
    touch,
)
from services.improvement.tasks import repository as tasks
from shared.events import improvement as events


async def submit_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Ask for approval (R34) by those whom the policy names.

    Raises:
        IllegalTransition, LostUpdate
        Missing: names what the record lacks (R17, R25, R35).
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("submit", record.state)
    rules.require_ready("submit", readiness(record))
    record.submitted_by, record.submitted_at = actor, now
    record.edited_at = now
    await open_chain(session, record, now)
    await move(session, record, "submit", state, actor, now)
    await tell(session, record, events.ImprovementSubmitted)
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
    await end_chain(session, record, "superseded")
    begin_revision(record)
    record.state, record.next_due_at = state, None
    touch(record, now)
    await save_record(session, record)
    await append(session, record, actor, now, "revise", came_from, reason)
    await tell(session, record, events.ImprovementRevised, reason=reason)
    return record


async def hold_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, reason: str, now: datetime
) -> Improvement:
    """Pause, with a reason; every clock stands still. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("hold", record.state)
    record.held_from, record.hold_reason, record.held_at = record.state, reason, now
    record.edited_at = now
    await move(session, record, "hold", state, actor, now, reason)
    await tell(session, record, events.ImprovementHeld, reason=reason)
    return record


async def resume_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Go on from where it was held; what is due is due so much later. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("resume", record.state, record.held_from)
    if record.held_at is not None and record.approval_expires_at is not None:
        calendar = calendar_at(record.held_at)
        record.approval_expires_at = shift_expiry(calendar, record.approval_expires_at, record.held_at, now)
    _end_hold(record, now)
    await move(session, record, "resume", state, actor, now)
    await tell(session, record, events.ImprovementResumed)
    return record


async def withdraw_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, reason: str, now: datetime
) -> Improvement:
    """Give it up, with a reason. Raises `IllegalTransition`, `LostUpdate`."""
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("withdraw", record.state)
    _end_hold(record, now)
    await end_chain(session, record, "approved")
    record.approval_expires_at = None
    await move(session, record, "withdraw", state, actor, now, reason)
    await tell(session, record, events.ImprovementWithdrawn, reason=reason)
    return record


async def close_improvement(
    session: AsyncSession,
    improvement_id: UUID,
    if_match: str | None,
    actor: str,
    now: datetime,
    body: Closing | None = None,
) -> Improvement:
    """End a verified record, and enter the next cycle where that is asked for (R27, R39).

    Raises:
        IllegalTransition, LostUpdate, Missing, ClosureContradictsVerdict
    """
    body = body or Closing()
    record = await lock_improvement(session, improvement_id, if_match)
    state = rules.next_state("close", record.state)
    verdict = signed_verdict(record)
    planned = await tasks.list_of(session, record.id)
    unfinished = [f"{task.number} '{task.title}'" for task in planned if task.state in ("planned", "in_progress")]
    record.closure_code = rules.judge_closure(verdict, body.closure_code, unfinished)
    record.closed_at = now
    note = record.closure_code + (f": {body.comment}" if body.comment else "")
    await move(session, record, "close", state, actor, now, note)
    following = None
    if body.next_cycle is not None:
        await session.flush()
        following = await _open_next_cycle(session, record, body.next_cycle, actor, now)
    await tell(
        session,
        record,
        events.ImprovementClosed,
        verdict=verdict,
        closure_code=record.closure_code,
        next_cycle_id=following and following.id,
    )
    return record


async def _open_next_cycle(
    session: AsyncSession, record: Improvement, body: NextCycle, actor: str, now: datetime
) -> Improvement:
    """R27: the same matter once more; one that is open already goes on instead."""
    note = f"the next cycle of {format_number(record.number)}"
    title, problem = body.title or record.title, body.problem or record.problem
    following, is_new = await open_next_cycle(session, record, "person", title, problem, actor, now, note)
    if not is_new:
        await append(session, following, actor, now, "cycle_attached", following.state, note)
    return following


def _end_hold(record: Improvement, now: datetime) -> None:
    if record.held_at is not None:
        record.held_seconds += int((now - record.held_at).total_seconds())
    record.held_from = record.hold_reason = record.held_at = None
