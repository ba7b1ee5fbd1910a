"""Every SQL statement on reopens."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.reopens.models import reopen_attempts, reopens

_SETTLE_OVERTAKEN = text(
    """
    UPDATE reopens r
    SET state = 'already_open', next_attempt_at = NULL, settled_at = :now, updated_at = :now, version = r.version + 1,
        last_error = NULL
    WHERE r.id IN (
        SELECT d.id FROM reopens d JOIN tickets t ON t.id = d.ticket_id
        WHERE d.state = 'due' AND d.next_attempt_at <= :now
          AND (t.resolution_number > d.resolution_number OR t.state IN ('new', 'in_progress', 'pending'))
        FOR UPDATE OF d SKIP LOCKED
    )
    """
)
_CLOSE_LOST = text(
    "UPDATE reopen_attempts SET finished_at = :now, outcome = 'lost', error = :error "
    "WHERE finished_at IS NULL AND reopen_id = ANY(:ids)"
)
_LOST = "the process ended while this was under way; whether the incident is open is asked for before it is tried again"


async def insert_new(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One for each dispute; what is there stays as it is."""
    await session.execute(upsert(reopens).on_conflict_do_nothing(index_elements=["callback_id"]), rows)


async def get(session: AsyncSession, reopen_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(reopens).where(reopens.c.id == reopen_id))).one_or_none()


async def lock(session: AsyncSession, reopen_id: UUID) -> Row[Any] | None:
    query = select(reopens).where(reopens.c.id == reopen_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_newest(
    session: AsyncSession, filters: Mapping[str, Any], before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    query = select(reopens).order_by(reopens.c.id.desc()).limit(limit)
    for column, value in filters.items():
        query = query.where(reopens.c[column] == value)
    if before is not None:
        query = query.where(reopens.c.id < before)
    return (await session.execute(query)).all()


async def count_by_state(session: AsyncSession) -> Mapping[str, int]:
    """How many are in each state; those that are none are 0."""
    rows = await session.execute(select(reopens.c.state, func.count().label("n")).group_by(reopens.c.state))
    return Counter({row.state: row.n for row in rows})


async def list_attempts(session: AsyncSession, reopen_id: UUID) -> Sequence[Row[Any]]:
    """Oldest first."""
    query = select(reopen_attempts).where(reopen_attempts.c.reopen_id == reopen_id)
    return (await session.execute(query.order_by(reopen_attempts.c.id))).all()


async def settle_overtaken(session: AsyncSession, now: datetime) -> None:
    """What is open at its source meanwhile, or was resolved again, is reopened no more."""
    await session.execute(_SETTLE_OVERTAKEN, {"now": now})


async def list_due_sources(session: AsyncSession, now: datetime) -> Sequence[str]:
    query = select(reopens.c.source).where(reopens.c.state == "due", reopens.c.next_attempt_at <= now)
    return (await session.execute(query.distinct().order_by(reopens.c.source))).scalars().all()


async def settle_source(session: AsyncSession, source: str, now: datetime, state: str, error: str) -> None:
    """Whatever is due of this source ends in this state, for one and the same reason."""
    due = (
        select(reopens.c.id)
        .where(reopens.c.source == source, reopens.c.state == "due", reopens.c.next_attempt_at <= now)
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        update(reopens)
        .where(reopens.c.id.in_(due))
        .values(state=state, next_attempt_at=None, last_error=error, updated_at=now, version=reopens.c.version + 1)
    )


async def claim_due(
    session: AsyncSession, source: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Row[Any]]:
    """What is to be reopened now; nobody else takes it before the lease is over."""
    due = (
        select(reopens.c.id)
        .where(reopens.c.source == source, reopens.c.state == "due", reopens.c.next_attempt_at <= now)
        .order_by(reopens.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("claimed")  # a subquery might run once for each row, and claim more than the limit
    )
    claim = update(reopens).where(reopens.c.id.in_(select(due.c.id)))
    claim = claim.values(attempts=reopens.c.attempts + 1, next_attempt_at=now + lease)
    rows = (await session.execute(claim.returning(*reopens.c))).all()
    await session.execute(_CLOSE_LOST, {"ids": [row.id for row in rows], "now": now, "error": _LOST})
    return rows


async def start_attempt(session: AsyncSession, reopen_id: UUID, now: datetime) -> int:
    """Returns the attempt's id."""
    query = insert(reopen_attempts).values(reopen_id=reopen_id, started_at=now).returning(reopen_attempts.c.id)
    attempt_id: int = (await session.execute(query)).scalar_one()
    return attempt_id


async def finish_attempt(session: AsyncSession, attempt_id: int, **values: Any) -> None:
    """What was taken for lost meanwhile stays so."""
    query = update(reopen_attempts).where(reopen_attempts.c.id == attempt_id, reopen_attempts.c.finished_at.is_(None))
    await session.execute(query.values(**values))


async def change(session: AsyncSession, reopen_id: UUID, **values: Any) -> Row[Any]:
    """Returns the row as it is then, at its next version."""
    query = update(reopens).where(reopens.c.id == reopen_id)
    changed = query.values(**values, version=reopens.c.version + 1).returning(*reopens.c)
    return (await session.execute(changed)).one()
