"""Every SQL statement on promised clauses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.promises.models import promises

_p = promises.c
ENDED_UNHEARD = ""
"""The clause of an agreement whose end was heard before its signature."""


async def note_signed(
    session: AsyncSession, agreement_id: UUID, rows: Sequence[Mapping[str, Any]], told_at: datetime
) -> None:
    """The agreement's clauses as they were signed, unless something later was heard of it."""
    known = await session.execute(
        select(_p.clause, _p.ended, _p.told_at).where(_p.agreement_id == agreement_id).with_for_update()
    )
    before = known.all()
    ended = any(row.ended for row in before)
    if any(row.told_at > told_at and row.clause != ENDED_UNHEARD for row in before):
        return
    await session.execute(
        delete(promises).where(_p.agreement_id == agreement_id, _p.clause != ENDED_UNHEARD, _p.told_at <= told_at)
    )
    if rows:
        statement = insert(promises).values([{**row, "ended": ended, "told_at": told_at} for row in rows])
        await session.execute(statement.on_conflict_do_nothing())


async def note_ended(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """None of the agreement's clauses counts any more, those that are heard of later neither."""
    await session.execute(
        insert(promises).values({**values, "clause": ENDED_UNHEARD, "ended": True}).on_conflict_do_nothing()
    )
    await session.execute(update(promises).where(_p.agreement_id == values["agreement_id"]).values(ended=True))


async def list_in_force(
    session: AsyncSession, customer: str | None, project: str | None, numbers: Sequence[str] | None
) -> Sequence[Row[Any]]:
    """Clauses of agreements that have not ended, in order of number and clause: of these numbers, or else of the
    project and of its customer's agreements for no project, or of the customer, or of everybody."""
    query = select(promises).where(~_p.ended, _p.clause != ENDED_UNHEARD)
    if numbers is not None:
        query = query.where(_p.number.in_(numbers))
    elif project is not None:
        of_project = _p.project == project
        if customer is not None:
            query = query.where(_p.customer == customer, or_(of_project, _p.project.is_(None)))
        else:
            query = query.where(of_project)
    elif customer is not None:
        query = query.where(_p.customer == customer)
    return (await session.execute(query.order_by(_p.number, _p.clause, _p.told_at.desc()))).all()
