"""Every SQL statement on assigned results."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns, results

_c = results.c


async def insert_result(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any] | None:
    """None where this department was asked about this before."""
    statement = insert(results).values(values).on_conflict_do_nothing().returning(results)
    row: Row[Any] | None = (await session.execute(statement)).one_or_none()
    return row


async def find(session: AsyncSession, campaign_id: UUID, result_id: UUID) -> Row[Any] | None:
    """One of this campaign."""
    query = select(results).where(_c.id == result_id, _c.campaign_id == campaign_id)
    return (await session.execute(query)).one_or_none()


async def lock(session: AsyncSession, campaign_id: UUID, result_id: UUID) -> Row[Any] | None:
    """As `find`, held until the transaction ends."""
    query = select(results).where(_c.id == result_id, _c.campaign_id == campaign_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_page(
    session: AsyncSession, equal: Mapping[str, Any], is_open: bool | None, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """What is due next comes first."""
    query = select(results).where(*(_c[name] == value for name, value in equal.items()))
    if is_open is not None:
        query = query.where(_c.answered_at.is_(None) if is_open else _c.answered_at.is_not(None))
    if after is not None:
        query = query.where((_c.due_on > after[0]) | ((_c.due_on == after[0]) & (_c.id > after[1])))
    return (await session.execute(query.order_by(_c.due_on, _c.id).limit(limit))).all()


async def name_campaigns(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """Their numbers and titles."""
    query: Select[Any] = select(campaigns.c.id, campaigns.c.number, campaigns.c.title).where(campaigns.c.id.in_(ids))
    return {row.id: row for row in await session.execute(query)}


async def write(session: AsyncSession, result_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Set these and count the version on."""
    statement = update(results).where(_c.id == result_id).values({**values, "version": _c.version + 1})
    row: Row[Any] = (await session.execute(statement.returning(results))).one()
    return row


async def take_overdue(session: AsyncSession, today: date, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Results whose day is over and that nobody answered, noted as told, with their campaign's number and title."""
    due = (
        select(_c.id)
        .where(_c.due_on < today, _c.answered_at.is_(None), _c.overdue_told_at.is_(None))
        .order_by(_c.due_on)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(results)
        .where(_c.id.in_(due.scalar_subquery()), campaigns.c.id == _c.campaign_id)
        .values(overdue_told_at=now, version=_c.version + 1)
        .returning(results, campaigns.c.number, campaigns.c.title)
    )
    rows: Sequence[Row[Any]] = (await session.execute(statement)).all()
    return rows
