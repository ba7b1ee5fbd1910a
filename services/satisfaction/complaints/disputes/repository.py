"""Every SQL statement on disputes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.disputes.models import complaint_disputes

_COLUMNS = complaint_disputes.c


async def add(session: AsyncSession, complaint_id: UUID, values: Mapping[str, Any]) -> int:
    """With the complaint's next number, which is returned."""
    number = select(func.count() + 1).select_from(complaint_disputes).where(_COLUMNS.complaint_id == complaint_id)
    written = {**values, "complaint_id": complaint_id, "number": number.scalar_subquery()}
    given: int = (
        await session.execute(insert(complaint_disputes).values(written).returning(_COLUMNS.number))
    ).scalar_one()
    return given


async def get_open(session: AsyncSession, complaint_id: UUID) -> Row[Any]:
    """The one that runs: a complaint is held as long as there is one."""
    query = select(complaint_disputes).where(_COLUMNS.complaint_id == complaint_id, _COLUMNS.settled_at.is_(None))
    return (await session.execute(query)).one()


async def save(session: AsyncSession, dispute_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(complaint_disputes).where(_COLUMNS.id == dispute_id).values(values))


async def list_of(session: AsyncSession, complaint_id: UUID) -> Sequence[Row[Any]]:
    query = select(complaint_disputes).where(_COLUMNS.complaint_id == complaint_id).order_by(_COLUMNS.number)
    return (await session.execute(query)).all()
