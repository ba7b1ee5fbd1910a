"""Every SQL statement on interviews."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.interviews.models import interviews


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(interviews).values(values).returning(interviews))).one()
    return row


async def find(session: AsyncSession, interview_id: UUID, lock: bool = False) -> Row[Any] | None:
    query = select(interviews).where(interviews.c.id == interview_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def save(session: AsyncSession, interview_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    query = update(interviews).where(interviews.c.id == interview_id).values(values).returning(interviews)
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def list_newest(
    session: AsyncSession,
    filters: Mapping[str, str],
    topic: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The latest held first; `topic`: only those with a note about it."""
    columns = interviews.c
    query = select(interviews).where(*(columns[name] == value for name, value in filters.items()))
    if topic is not None:
        query = query.where(columns.notes.contains([{"topic": topic}]))
    if before is not None:
        query = query.where(tuple_(columns.held_at, columns.id) < before)
    return (await session.execute(query.order_by(columns.held_at.desc(), columns.id.desc()).limit(limit))).all()
