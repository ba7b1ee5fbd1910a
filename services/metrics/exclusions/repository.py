"""Every SQL statement on the exclusion ledger: nothing in it is ever deleted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.exclusions.models import exclusions
from services.metrics.tickets.models import tickets


async def hold_ledger(session: AsyncSession, agreement_id: UUID) -> None:
    """Nobody else proposes for this agreement until this transaction ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"exclusions of {agreement_id}"}
    )


async def insert_exclusion(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    kept: Row[Any] = (await session.execute(insert(exclusions).values(**values).returning(exclusions))).one()
    return kept


async def get_exclusion(session: AsyncSession, exclusion_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(exclusions).where(exclusions.c.id == exclusion_id))).one_or_none()


async def lock_exclusion(session: AsyncSession, exclusion_id: UUID) -> Row[Any] | None:
    query = select(exclusions).where(exclusions.c.id == exclusion_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def update_exclusion(session: AsyncSession, exclusion_id: UUID, **values: Any) -> Row[Any]:
    statement = update(exclusions).where(exclusions.c.id == exclusion_id)
    changed = await session.execute(statement.values(version=exclusions.c.version + 1, **values).returning(exclusions))
    after: Row[Any] = changed.one()
    return after


async def list_of_agreement(session: AsyncSession, agreement_id: UUID) -> Sequence[Row[Any]]:
    """The whole ledger, oldest first."""
    query = select(exclusions).where(exclusions.c.agreement_id == agreement_id).order_by(exclusions.c.id)
    return (await session.execute(query)).all()


async def list_exclusions(
    session: AsyncSession, agreement_id: UUID, state: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(exclusions).where(exclusions.c.agreement_id == agreement_id)
    if state is not None:
        query = query.where(exclusions.c.state == state)
    if before is not None:
        query = query.where(exclusions.c.id < before)
    return (await session.execute(query.order_by(exclusions.c.id.desc()).limit(limit))).all()


async def count_tickets_of(session: AsyncSession, customer: str, ticket_ids: Collection[UUID]) -> int:
    """How many of these are the customer's."""
    query = select(func.count()).where(tickets.c.id.in_(ticket_ids), tickets.c.customer == customer)
    count: int = (await session.execute(query)).scalar_one()
    return count
