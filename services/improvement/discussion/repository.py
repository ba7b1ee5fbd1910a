"""Every SQL statement on the discussion of an improvement."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.discussion.models import Entry


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Entry]:
    """All that was said, oldest first."""
    return await list_after(session, improvement_id, None, False, None, None)


async def list_after(
    session: AsyncSession,
    improvement_id: UUID,
    kind: str | None,
    only_customers: bool,
    after: UUID | None,
    limit: int | None,
) -> Sequence[Entry]:
    """Behind `after`, oldest first; `only_customers`: the comments that a customer may read."""
    query = select(Entry).where(col(Entry.improvement_id) == improvement_id)
    if kind is not None:
        query = query.where(col(Entry.kind) == kind)
    if only_customers:
        query = query.where(col(Entry.kind) == "comment", col(Entry.visible_to_customer))
    if after is not None:
        query = query.where(col(Entry.id) > after)
    return (await session.scalars(query.order_by(col(Entry.id)).limit(limit))).all()


async def find(session: AsyncSession, improvement_id: UUID, entry_id: UUID) -> Entry | None:
    query = select(Entry).where(col(Entry.id) == entry_id, col(Entry.improvement_id) == improvement_id)
    return await session.scalar(query)


async def lock(session: AsyncSession, improvement_id: UUID, entry_id: UUID) -> Entry | None:
    query = select(Entry).where(col(Entry.id) == entry_id, col(Entry.improvement_id) == improvement_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))
