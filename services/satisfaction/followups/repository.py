"""Every SQL statement on follow-ups."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.followups.models import follow_ups


async def add_new(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Those completions that are not known yet."""
    await session.execute(insert(follow_ups).values(list(rows)).on_conflict_do_nothing())


async def find(session: AsyncSession, follow_up_id: UUID, lock: bool = False) -> Row[Any] | None:
    query = select(follow_ups).where(follow_ups.c.id == follow_up_id)
    return (await session.execute(query.with_for_update() if lock else query)).one_or_none()


async def save(session: AsyncSession, follow_up_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    query = update(follow_ups).where(follow_ups.c.id == follow_up_id).values(values).returning(follow_ups)
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def list_due(
    session: AsyncSession,
    filters: Mapping[str, str],
    overdue: bool | None,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """What is due next comes first."""
    columns = follow_ups.c
    query = select(follow_ups).where(*(columns[name] == value for name, value in filters.items()))
    if overdue is not None:
        late = (columns.state == "due") & (columns.due_at < now)
        query = query.where(late if overdue else ~late)
    if after is not None:
        query = query.where(tuple_(columns.due_at, columns.id) > after)
    return (await session.execute(query.order_by(columns.due_at, columns.id).limit(limit))).all()


async def lock_overdue(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Those whose time is over and of which nobody was told yet."""
    columns = follow_ups.c
    query = select(follow_ups).where(columns.state == "due", columns.noticed_at.is_(None), columns.due_at < now)
    return (await session.execute(query.order_by(columns.due_at).limit(most).with_for_update(skip_locked=True))).all()


_FIGURES = text(
    """
    SELECT grouping(department) AS is_total, department AS value,
           count(*) FILTER (WHERE state = 'due') AS due, count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'unreachable') AS unreachable,
           count(*) FILTER (WHERE state = 'due' AND due_at < :now) AS overdue,
           count(*) FILTER (WHERE state = 'done' AND done_at <= due_at) AS on_time,
           avg(score)::float AS mean, count(*) FILTER (WHERE score >= 4) AS satisfied
    FROM follow_ups WHERE completed_on >= :begin AND completed_on < :end
    GROUP BY GROUPING SETS ((department), ()) ORDER BY is_total DESC, department NULLS LAST LIMIT 501
    """
)


async def measure(session: AsyncSession, begin: date, end: date, now: datetime) -> Sequence[Row[Any]]:
    """The total first, then by department."""
    return (await session.execute(_FIGURES, {"begin": begin, "end": end, "now": now})).all()
