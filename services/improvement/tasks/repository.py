"""Every SQL statement on tasks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.tasks.models import Task

_LIVE = "tasks.state IN ('planned', 'in_progress') AND NOT tasks.awaits_approval AND tasks.due IS NOT NULL"
_DEADLINE = """
    (tasks.due + 1)::timestamp AT TIME ZONE :zone
    + make_interval(secs => improvements.held_seconds - tasks.held_before)
"""
"""As `rules.deadline_of`."""

_NEXT = text(
    f"""
    SELECT min({_DEADLINE}) FROM tasks JOIN improvements ON improvements.id = tasks.improvement_id
    WHERE tasks.improvement_id = :improvement_id AND {_LIVE}
    """
)
_OVERDUE = text(
    f"""
    SELECT tasks.id, tasks.improvement_id, {_DEADLINE} AS deadline
    FROM tasks JOIN improvements ON improvements.id = tasks.improvement_id
    WHERE {_LIVE} AND tasks.overdue_told_at IS NULL
      AND tasks.due < (:now AT TIME ZONE :zone)::date AND {_DEADLINE} <= :now
      AND improvements.state = ANY(:states)
    ORDER BY tasks.due LIMIT :most
    FOR UPDATE SKIP LOCKED
    """
)


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Task]:
    """All tasks of a record, in the order of their numbers."""
    query = select(Task).where(col(Task.improvement_id) == improvement_id).order_by(col(Task.number))
    return (await session.scalars(query)).all()


async def find(session: AsyncSession, improvement_id: UUID, task_id: UUID) -> Task | None:
    query = select(Task).where(col(Task.improvement_id) == improvement_id, col(Task.id) == task_id)
    return await session.scalar(query.execution_options(populate_existing=True))


async def find_last_number(session: AsyncSession, improvement_id: UUID) -> int:
    """The highest number that a task of this record has; 0 where there is none."""
    query = select(func.max(col(Task.number))).where(col(Task.improvement_id) == improvement_id)
    return await session.scalar(query) or 0


async def list_owners(session: AsyncSession, improvement_id: UUID) -> list[str]:
    """Who carries a task out, or has done one: implementers, who sign no effect."""
    query = select(col(Task.owner), col(Task.done_by)).where(
        col(Task.improvement_id) == improvement_id, col(Task.state) != "dropped"
    )
    return sorted({name for row in await session.execute(query) for name in row if name is not None})


async def find_next_deadline(session: AsyncSession, improvement_id: UUID, zone: str) -> datetime | None:
    """When the next of a record's tasks is due; None where none is."""
    due: datetime | None = await session.scalar(_NEXT, {"improvement_id": improvement_id, "zone": zone})
    return due


async def claim_overdue(
    session: AsyncSession, now: datetime, zone: str, states: Sequence[str], most: int
) -> Sequence[Row[Any]]:
    """Tasks of records in these states whose deadline has passed untold, locked with their records; longest first."""
    rows = {"now": now, "zone": zone, "states": list(states), "most": most}
    return (await session.execute(_OVERDUE, rows)).all()


async def load(session: AsyncSession, claimed: Sequence[Row[Any]]) -> dict[UUID, tuple[Task, Improvement]]:
    """The claimed tasks with their records, by the task's id."""
    query = (
        select(Task, Improvement)
        .join(Improvement, col(Improvement.id) == col(Task.improvement_id))
        .where(col(Task.id).in_([row.id for row in claimed]))
        .execution_options(populate_existing=True)
    )
    return {task.id: (task, record) for task, record in await session.execute(query)}
