"""Every SQL statement on legal holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.holds.models import legal_holds
from services.metrics.tickets.models import tickets


async def put(session: AsyncSession, rows: Sequence[Mapping[str, Any]], column: str) -> None:
    """Note `column` (`since` or `settled_at`) of each dispute; the other one stays as it was heard."""
    statement = insert(legal_holds)
    keys = [legal_holds.c.complaint_id, legal_holds.c.dispute_number]
    noted = {column: func.coalesce(legal_holds.c[column], statement.excluded[column])}
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=noted), list(rows))


async def find_opened(session: AsyncSession, ticket_id: UUID | None, external_id: str | None) -> datetime | None:
    """When the incident was opened, the first of that name where only its name is known; None where none is."""
    of = tickets.c
    query = select(func.min(of.opened_at))
    query = query.where(of.id == ticket_id) if ticket_id is not None else query.where(of.external_id == external_id)
    moment: datetime | None = (await session.execute(query)).scalar_one()
    return moment


async def find_earliest(session: AsyncSession) -> datetime | None:
    """Since when something is held; None where no dispute runs."""
    query = select(func.min(legal_holds.c.since)).where(legal_holds.c.settled_at.is_(None))
    moment: datetime | None = (await session.execute(query)).scalar_one()
    return moment
