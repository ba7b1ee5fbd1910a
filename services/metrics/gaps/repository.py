"""Every SQL statement on gaps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.gaps.models import gap_occurrences, gaps
from services.metrics.tickets.models import tickets


async def lock_open_gap(session: AsyncSession, measure_key: str, scope: str) -> Row[Any] | None:
    query = (
        select(gaps)
        .where(gaps.c.measure_key == measure_key, gaps.c.scope == scope, gaps.c.state == "open")
        .with_for_update()
    )
    return (await session.execute(query)).one_or_none()


async def lock_open_gaps(session: AsyncSession, measure_key: str, scopes: Collection[str]) -> dict[str, Row[Any]]:
    """The open gaps of this measure, by scope."""
    query = (
        select(gaps)
        .where(gaps.c.measure_key == measure_key, gaps.c.scope.in_(scopes), gaps.c.state == "open")
        .order_by(gaps.c.id)
        .with_for_update()
    )
    return {row.scope: row for row in await session.execute(query)}


async def flag_loosened(session: AsyncSession, gap_id: UUID) -> None:
    """Somebody set a target that asks less while this gap was open."""
    await session.execute(update(gaps).where(gaps.c.id == gap_id).values(target_loosened=True))


async def count_customers(session: AsyncSession, where: Mapping[str, str], start: datetime, end: datetime) -> int:
    """How many customers had incidents opened in this time, in the part of them that `where` says."""
    query = select(func.count(func.distinct(tickets.c.customer))).where(
        tickets.c.opened_at >= start, tickets.c.opened_at < end, tickets.c.kind == "incident"
    )
    for column, value in where.items():
        query = query.where(tickets.c[column] == value)
    customers: int = (await session.execute(query)).scalar_one()
    return customers


async def lock_gap(session: AsyncSession, gap_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(gaps).where(gaps.c.id == gap_id).with_for_update())).one_or_none()


async def get_gap(session: AsyncSession, gap_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(gaps).where(gaps.c.id == gap_id))).one_or_none()


async def list_gaps(
    session: AsyncSession, filters: Mapping[str, str], before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(gaps)
    for column, value in filters.items():
        query = query.where(gaps.c[column] == value)
    if before is not None:
        query = query.where(gaps.c.id < before)
    return (await session.execute(query.order_by(gaps.c.id.desc()).limit(limit))).all()


async def is_settled(session: AsyncSession, measure_key: str, scope: str, period: date) -> bool:
    """Whether an earlier gap that is settled already spoke of this month, or of later ones."""
    settled = select(gaps.c.id).where(
        gaps.c.measure_key == measure_key,
        gaps.c.scope == scope,
        gaps.c.state != "open",
        gaps.c.settled_until > period,
    )
    return (await session.execute(settled.limit(1))).first() is not None


async def insert_gap(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(gaps).values(**values))


async def update_gap(session: AsyncSession, gap_id: UUID, **values: Any) -> None:
    """Change it together with an event: the version counts them."""
    await session.execute(update(gaps).where(gaps.c.id == gap_id).values(version=gaps.c.version + 1, **values))


async def set_occurrences(session: AsyncSession, gap_id: UUID, occurrences: int) -> None:
    await session.execute(update(gaps).where(gaps.c.id == gap_id).values(occurrences=occurrences))


async def get_occurrence(session: AsyncSession, gap_id: UUID, period: date) -> Row[Any] | None:
    query = select(gap_occurrences).where(gap_occurrences.c.gap_id == gap_id, gap_occurrences.c.period == period)
    return (await session.execute(query)).one_or_none()


async def put_occurrence(session: AsyncSession, values: Mapping[str, Any]) -> None:
    statement = upsert(gap_occurrences).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["gap_id", "period"], set_=dict(values)))


async def remove_occurrence(session: AsyncSession, gap_id: UUID, period: date) -> int:
    """How many occurrences the gap has left."""
    mine = gap_occurrences.c.gap_id == gap_id
    await session.execute(delete(gap_occurrences).where(mine, gap_occurrences.c.period == period))
    left: int = (await session.execute(select(func.count()).select_from(gap_occurrences).where(mine))).scalar_one()
    return left


async def list_occurrences(session: AsyncSession, gap_id: UUID) -> Sequence[Row[Any]]:
    """In the order of months."""
    query = select(gap_occurrences).where(gap_occurrences.c.gap_id == gap_id).order_by(gap_occurrences.c.period)
    return (await session.execute(query)).all()


async def last_occurrence(session: AsyncSession, gap_id: UUID) -> date | None:
    query = select(func.max(gap_occurrences.c.period)).where(gap_occurrences.c.gap_id == gap_id)
    last: date | None = (await session.execute(query)).scalar_one()
    return last
