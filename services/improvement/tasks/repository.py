"""Every SQL statement on tasks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.tasks.models import Task


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Task]:
    """All tasks of a record, in the order of their numbers."""
    query = select(Task).where(col(Task.improvement_id) == improvement_id).order_by(col(Task.number))
    return (await session.scalars(query)).all()


async def list_owners(session: AsyncSession, improvement_id: UUID) -> list[str]:
    """Who carries a task out, or has done one: implementers, who sign no effect."""
    query = select(col(Task.owner), col(Task.done_by)).where(
        col(Task.improvement_id) == improvement_id, col(Task.state) != "dropped"
    )
    return sorted({name for row in await session.execute(query) for name in row if name is not None})
