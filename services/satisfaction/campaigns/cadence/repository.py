"""Every SQL statement on the cadence of surveys."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.cadence.models import watched
from services.satisfaction.campaigns.models import campaigns

_w, _c = watched.c, campaigns.c


async def begin(session: AsyncSession, level: str, now: datetime) -> None:
    """Watch it from now on, where it is not watched yet."""
    await session.execute(insert(watched).values(level=level, since=now).on_conflict_do_nothing())


async def find(session: AsyncSession, level: str) -> Row[Any] | None:
    """Since when it is watched."""
    return (await session.execute(select(watched).where(_w.level == level))).one_or_none()


async def hold(session: AsyncSession, level: str) -> Row[Any] | None:
    """The same, held until the transaction ends; None where somebody else holds it."""
    query = select(watched).where(_w.level == level).with_for_update(skip_locked=True)
    return (await session.execute(query)).one_or_none()


async def note_told(session: AsyncSession, level: str, now: datetime) -> int:
    """Said once more; returns how often it was said."""
    told = update(watched).where(_w.level == level).values(told_at=now, sequence=_w.sequence + 1)
    sequence: int = (await session.execute(told.returning(_w.sequence))).scalar_one()
    return sequence


async def find_last(session: AsyncSession, level: str) -> Row[Any] | None:
    """The campaign of the company's customers that was launched last."""
    query: Select[Any] = select(_c.id, _c.number, _c.launched_at).where(_c.kind == level, _c.launched_at.is_not(None))
    found = await session.execute(query.order_by(_c.launched_at.desc()).limit(1))
    last: Row[Any] | None = found.one_or_none()
    return last
