"""Every SQL statement on sustain checks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.sustain.models import SustainCheck


async def insert_checks(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a record and day; what is planned already stays as it is."""
    if rows:
        await session.execute(insert(SustainCheck).on_conflict_do_nothing(), list(rows))


async def lock_records_due(session: AsyncSession, now: datetime, limit: int) -> dict[UUID, Improvement]:
    """Records with a check that is due, which nobody else holds, locked."""
    is_due = exists().where(
        col(SustainCheck.improvement_id) == col(Improvement.id),
        col(SustainCheck.state) == "due",
        col(SustainCheck.due_at) <= now,
    )
    query = select(Improvement).where(is_due).order_by(col(Improvement.id)).limit(limit)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return {record.id: record for record in await session.scalars(query)}


async def list_due(session: AsyncSession, improvement_ids: Collection[UUID], now: datetime) -> Sequence[SustainCheck]:
    """What is due of these records, the oldest first, locked."""
    query = select(SustainCheck).where(
        col(SustainCheck.improvement_id).in_(improvement_ids),
        col(SustainCheck.state) == "due",
        col(SustainCheck.due_at) <= now,
    )
    return (
        await session.scalars(query.order_by(col(SustainCheck.due_at), col(SustainCheck.id)).with_for_update())
    ).all()


async def list_asked(session: AsyncSession, request_ids: Collection[UUID]) -> dict[UUID, SustainCheck]:
    """The checks that asked this, by request."""
    query = select(SustainCheck).where(col(SustainCheck.request_id).in_(request_ids))
    found = await session.scalars(query.execution_options(populate_existing=True))
    return {check.request_id: check for check in found if check.request_id is not None}


async def find_successor(session: AsyncSession, improvement_id: UUID) -> UUID | None:
    """The next cycle that an earlier check of this record led to."""
    query = select(col(SustainCheck.successor_id)).where(
        col(SustainCheck.improvement_id) == improvement_id, col(SustainCheck.successor_id).is_not(None)
    )
    return await session.scalar(query.limit(1))


async def cancel_due_of(session: AsyncSession, improvement_id: UUID, reason: str, now: datetime) -> None:
    """What this record has yet to ask is asked no more."""
    await _cancel(session, col(SustainCheck.improvement_id) == improvement_id, reason, now)


async def cancel_due_elsewhere(session: AsyncSession, record: Improvement, reason: str, now: datetime) -> None:
    """The same for all other records of this one's measure and scope."""
    others = select(col(Improvement.id)).where(
        tuple_(col(Improvement.measure_key), col(Improvement.scope)) == (record.measure_key, record.scope),
        col(Improvement.id) != record.id,
    )
    await _cancel(session, col(SustainCheck.improvement_id).in_(others), reason, now)


async def _cancel(session: AsyncSession, which: Any, reason: str, now: datetime) -> None:
    cancelled = {"state": "cancelled", "reason": reason, "decided_at": now}
    await session.execute(update(SustainCheck).where(which, col(SustainCheck.state) == "due").values(**cancelled))


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[SustainCheck]:
    """All checks of a record, oldest first."""
    query = select(SustainCheck).where(col(SustainCheck.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(SustainCheck.day)))).all()


async def list_by_due(
    session: AsyncSession,
    state: str | None,
    due_before: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[SustainCheck]:
    """Checks in this state that are due by then, the earliest first."""
    query = select(SustainCheck).order_by(col(SustainCheck.due_at), col(SustainCheck.id)).limit(limit)
    if state is not None:
        query = query.where(col(SustainCheck.state) == state)
    if due_before is not None:
        query = query.where(col(SustainCheck.due_at) <= due_before)
    if after is not None:
        query = query.where(tuple_(col(SustainCheck.due_at), col(SustainCheck.id)) > after)
    return (await session.scalars(query)).all()
