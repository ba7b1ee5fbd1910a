"""Every SQL statement on negotiations."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements
from services.metrics.negotiations.models import negotiations, positions


async def get_negotiation(session: AsyncSession, negotiation_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(negotiations).where(negotiations.c.id == negotiation_id))).one_or_none()


async def lock_negotiation(session: AsyncSession, negotiation_id: UUID) -> Row[Any] | None:
    query = select(negotiations).where(negotiations.c.id == negotiation_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_negotiations(
    session: AsyncSession,
    filters: Mapping[str, Any],
    overdue_on: date | None,
    customer: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`; with `overdue_on` those that are open past their deadline on that day; with
    `customer` those of its agreements."""
    query = select(negotiations)
    for column, value in filters.items():
        query = query.where(negotiations.c[column] == value)
    if overdue_on is not None:
        query = query.where(negotiations.c.state == "open", negotiations.c.deadline < overdue_on)
    if customer is not None:
        own = select(agreements.c.id).where(agreements.c.customer == customer)
        query = query.where(negotiations.c.agreement_id.in_(own))
    if before is not None:
        query = query.where(negotiations.c.id < before)
    return (await session.execute(query.order_by(negotiations.c.id.desc()).limit(limit))).all()


async def insert_negotiation(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(negotiations).values(**values))


async def update_negotiation(session: AsyncSession, negotiation_id: UUID, **values: Any) -> None:
    statement = update(negotiations).where(negotiations.c.id == negotiation_id)
    await session.execute(statement.values(version=negotiations.c.version + 1, **values))


async def insert_position(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(positions).values(**values))


async def list_positions(session: AsyncSession, negotiation_id: UUID) -> Sequence[Row[Any]]:
    """In the order in which they were stated."""
    query = select(positions).where(positions.c.negotiation_id == negotiation_id).order_by(positions.c.id)
    return (await session.execute(query)).all()
