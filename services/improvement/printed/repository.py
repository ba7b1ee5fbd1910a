"""Statements over improvement records for what is shown beside one."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement


async def list_numbers(session: AsyncSession, improvement_ids: Collection[UUID]) -> dict[UUID, int]:
    """The number of each of these records."""
    query = select(col(Improvement.id), col(Improvement.number)).where(col(Improvement.id).in_(improvement_ids))
    return {row.id: row.number for row in await session.execute(query)}


async def list_followers(session: AsyncSession, improvement_id: UUID) -> Sequence[Improvement]:
    """The records that follow on this one: its next cycles, oldest first."""
    query = select(Improvement).where(col(Improvement.parent_id) == improvement_id).order_by(col(Improvement.id))
    return (await session.scalars(query)).all()
