"""Every SQL statement on change requests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.changes.models import Attempt, Change
from services.improvement.improvements.models import Improvement

_CANCEL_STALE = text(
    """
    UPDATE change_requests c
    SET state = 'cancelled', next_attempt_at = NULL, version = c.version + 1, updated_at = :now,
        last_error = 'the plan is not approved any more'
    FROM improvements i
    WHERE c.state = 'pending' AND i.id = c.improvement_id
      AND (i.revision <> c.revision OR i.state NOT IN ('approved', 'implementing', 'on_hold'))
    """
)


async def insert_new(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One change for each revision; what is there stays as it is."""
    await session.execute(upsert(Change).on_conflict_do_nothing(), rows)


async def find(session: AsyncSession, change_id: UUID) -> Change | None:
    return await session.get(Change, change_id)


async def find_of_revision(session: AsyncSession, improvement_id: UUID, revision: int) -> Change | None:
    return await session.scalar(
        select(Change).where(col(Change.improvement_id) == improvement_id, col(Change.revision) == revision)
    )


async def lock(session: AsyncSession, change_id: UUID) -> Change | None:
    return await session.scalar(_locked(select(Change).where(col(Change.id) == change_id)))


async def lock_by(session: AsyncSession, connection: str, column: str, value: str) -> Change | None:
    """The newest change of this connection whose column equals the value, locked."""
    query = select(Change).where(col(Change.connection) == connection, getattr(Change, column) == value)
    return await session.scalar(_locked(query.order_by(col(Change.id).desc()).limit(1)))


async def list_newest(
    session: AsyncSession, filters: Mapping[str, Any], before: UUID | None, limit: int
) -> Sequence[Change]:
    query = select(Change).order_by(col(Change.id).desc()).limit(limit)
    for column, value in filters.items():
        query = query.where(getattr(Change, column) == value)
    if before is not None:
        query = query.where(col(Change.id) < before)
    return (await session.scalars(query)).all()


async def cancel_stale(session: AsyncSession, now: datetime) -> None:
    """What is pending for a plan that was revised or withdrawn is raised no more."""
    await session.execute(_CANCEL_STALE, {"now": now})


async def claim_pending(session: AsyncSession, now: datetime, lease: timedelta, limit: int) -> Sequence[Change]:
    """Changes to raise now; nobody else takes them before the lease is over. What is on hold waits."""
    query = (
        select(Change)
        .join(Improvement, col(Improvement.id) == col(Change.improvement_id))
        .where(
            col(Change.state) == "pending",
            col(Change.next_attempt_at) <= now,
            col(Improvement.revision) == col(Change.revision),
            col(Improvement.state).in_(("approved", "implementing")),
        )
    )
    changes = (await session.scalars(_due(query, limit))).all()
    for change in changes:
        change.attempts += 1
        change.next_attempt_at = now + lease
    return changes


async def claim_raised(session: AsyncSession, now: datetime, every: timedelta, limit: int) -> Sequence[Change]:
    """Changes whose outcome is to be asked for now; the next time is `every` later."""
    query = select(Change).where(col(Change.state).in_(("raised", "accepted")), col(Change.next_attempt_at) <= now)
    changes = (await session.scalars(_due(query, limit))).all()
    for change in changes:
        change.next_attempt_at = now + every
    return changes


async def start_attempt(session: AsyncSession, change_id: UUID, now: datetime) -> int:
    """Returns the attempt's id."""
    query = insert(Attempt).values(change_id=change_id, started_at=now).returning(col(Attempt.id))
    return (await session.execute(query)).scalar_one()


async def finish_attempt(
    session: AsyncSession, attempt_id: int, now: datetime, outcome: str, error: str | None
) -> None:
    query = update(Attempt).where(col(Attempt.id) == attempt_id)
    await session.execute(query.values(finished_at=now, outcome=outcome, error=error))


async def list_attempts(session: AsyncSession, change_id: UUID) -> Sequence[Attempt]:
    """Oldest first."""
    query = select(Attempt).where(col(Attempt.change_id) == change_id).order_by(col(Attempt.id))
    return (await session.scalars(query)).all()


def _due(query: Select[Change], limit: int) -> Select[Change]:
    return query.order_by(col(Change.next_attempt_at)).limit(limit).with_for_update(of=Change, skip_locked=True)


def _locked(query: Select[Change]) -> Select[Change]:
    return query.with_for_update().execution_options(populate_existing=True)
