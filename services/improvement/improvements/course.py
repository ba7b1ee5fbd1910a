"""Use cases of a record's course: submit, revise, hold, resume, withdraw, close."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import rules
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import (
    append,
    lock_improvement,
    move,
    readiness,
    save_record,
    signed_verdict,
    tell,
    touch,
)
from shared.events import improvement as events


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
    await save_record(session, record)
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
