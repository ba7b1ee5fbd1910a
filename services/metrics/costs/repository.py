"""Every SQL statement on costs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.costs.models import cost_facts, cost_records

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))")


async def lock_amount(session: AsyncSession, service: str, month: date, kind: str) -> Row[Any] | None:
    """The newest revision; until the transaction ends nobody else records one, not even the first of the month."""
    await session.execute(_LOCK, {"what": f"cost {service} {month}"})
    revisions = await list_revisions(session, service, month, kind)
    return revisions[0] if revisions else None


async def insert_amount(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(cost_records).values(**values).returning(cost_records))).one()
    return row


async def put_fact(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """A service's month as it stands: what the formula counts."""
    statement = upsert(cost_facts).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["service", "month_at"], set_=dict(values)))


async def list_revisions(session: AsyncSession, service: str, month: date, kind: str) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(cost_records).where(
        cost_records.c.service == service, cost_records.c.month == month, cost_records.c.kind == kind
    )
    return (await session.execute(query.order_by(cost_records.c.revision.desc()))).all()


async def list_amounts(session: AsyncSession, service: str, first: date, last: date) -> Sequence[Row[Any]]:
    """Each kind of each month from `first` to `last` as last corrected."""
    newest = (
        select(cost_records)
        .ext(distinct_on(cost_records.c.month, cost_records.c.kind))
        .where(cost_records.c.service == service, cost_records.c.month >= first, cost_records.c.month <= last)
        .order_by(cost_records.c.month, cost_records.c.kind, cost_records.c.revision.desc())
    )
    return (await session.execute(newest)).all()


async def list_page(
    session: AsyncSession,
    filters: Mapping[str, Any],
    span: tuple[date | None, date | None],
    after: tuple[date, str, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """As last corrected, by month, service and kind, behind `after`."""
    place = (cost_records.c.month, cost_records.c.service, cost_records.c.kind)
    query = select(cost_records).ext(distinct_on(*place))
    for column, value in filters.items():
        query = query.where(cost_records.c[column] == value)
    first, last = span
    if first is not None:
        query = query.where(cost_records.c.month >= first)
    if last is not None:
        query = query.where(cost_records.c.month <= last)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return (await session.execute(query.order_by(*place, cost_records.c.revision.desc()).limit(limit))).all()
