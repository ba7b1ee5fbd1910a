"""Every SQL statement on suggestions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.suggestions.models import suggestions


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(suggestions).values(values).returning(suggestions))).one()
    return row


async def find(session: AsyncSession, suggestion_id: UUID, lock: bool = False) -> Row[Any] | None:
    query = select(suggestions).where(suggestions.c.id == suggestion_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def save(session: AsyncSession, suggestion_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    query = update(suggestions).where(suggestions.c.id == suggestion_id).values(values).returning(suggestions)
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def list_newest(
    session: AsyncSession,
    filters: Mapping[str, object],
    overdue: bool | None,
    now: datetime,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """The latest received first."""
    columns = suggestions.c
    query = select(suggestions).where(*(columns[name] == value for name, value in filters.items()))
    if overdue is not None:
        late = (columns.state == "received") & (columns.due_at < now)
        query = query.where(late if overdue else ~late)
    if before is not None:
        query = query.where(tuple_(columns.received_at, columns.id) < before)
    return (await session.execute(query.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit))).all()


async def list_due(
    session: AsyncSession,
    filters: Mapping[str, object],
    overdue: bool,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What is to be answered next comes first."""
    columns = suggestions.c
    query = select(suggestions).where(*(columns[name] == value for name, value in filters.items()))
    if overdue:
        query = query.where(columns.state == "received", columns.due_at < now)
    if after is not None:
        query = query.where(tuple_(columns.due_at, columns.id) > after)
    return (await session.execute(query.order_by(columns.due_at, columns.id).limit(limit))).all()


async def lock_overdue(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Those whose time is over and of which nobody was told yet."""
    columns = suggestions.c
    query = select(suggestions).where(columns.state == "received", columns.noticed_at.is_(None), columns.due_at < now)
    return (await session.execute(query.order_by(columns.due_at).limit(most).with_for_update(skip_locked=True))).all()


_FIGURES = text(
    """
    SELECT count(*) AS received, count(*) FILTER (WHERE state = 'answered') AS answered,
           count(*) FILTER (WHERE outcome = 'adopted') AS adopted,
           count(*) FILTER (WHERE outcome = 'declined') AS declined,
           count(*) FILTER (WHERE reward IS NOT NULL) AS rewarded,
           count(*) FILTER (WHERE state = 'received' AND due_at < :now) AS overdue,
           count(*) FILTER (WHERE answered_at <= due_at) AS on_time
    FROM suggestions WHERE received_at >= :begin AND received_at < :end
    """
)


async def count(session: AsyncSession, begin: datetime, end: datetime, now: datetime) -> Row[Any]:
    row: Row[Any] = (await session.execute(_FIGURES, {"begin": begin, "end": end, "now": now})).one()
    return row
