"""Every SQL statement on sources and their matters."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Row, Text, Uuid, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.improvements.rules import ENDED
from services.improvement.sources.models import Source

_ENDED_AT = func.coalesce(col(Improvement.closed_at), col(Improvement.updated_at))

_HOLD = text(  # updating a row to itself locks it; in one order everywhere
    """
    INSERT INTO matters (key) SELECT key FROM unnest(:keys) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING key, improvement_id, told_at
    """
).bindparams(bindparam("keys", type_=ARRAY(Text)))

_POINT = text(
    """
    UPDATE matters SET improvement_id = given.improvement_id, told_at = greatest(matters.told_at, given.told_at)
    FROM unnest(:keys, :improvement_ids, :times) AS given (key, improvement_id, told_at) WHERE matters.key = given.key
    """
).bindparams(
    bindparam("keys", type_=ARRAY(Text)),
    bindparam("improvement_ids", type_=ARRAY(Uuid)),
    bindparam("times", type_=ARRAY(DateTime(timezone=True))),
)


async def hold_matters(session: AsyncSession, keys: Iterable[str]) -> dict[str, Row[Any]]:
    """Hold these matters until the transaction ends, known before or not; each with what it led to."""
    result = await session.execute(_HOLD, {"keys": sorted(set(keys))})
    return {row.key: row for row in result}


async def point_matters(session: AsyncSession, led_to: Mapping[str, tuple[UUID, datetime]]) -> None:
    """Note to which record each matter led, and when it was told of."""
    if led_to:
        keys = sorted(led_to)
        ids, times = [led_to[key][0] for key in keys], [led_to[key][1] for key in keys]
        await session.execute(_POINT, {"keys": keys, "improvement_ids": ids, "times": times})


async def insert_sources(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a telling; what an event told before is not told again."""
    if rows:
        await session.execute(insert(Source).on_conflict_do_nothing(), list(rows))


async def list_counted(session: AsyncSession, matter: str) -> Sequence[Source]:
    """What is counted of this matter and has led to no record yet, oldest first."""
    query = select(Source).where(col(Source.matter) == matter, col(Source.outcome) == "counted")
    return (await session.scalars(query.order_by(col(Source.told_at), col(Source.id)))).all()


async def attach_counted(session: AsyncSession, ids: Collection[UUID], improvement_id: UUID, reason: str) -> None:
    """Those that were counted have led to this record together."""
    values = {"outcome": "attached", "improvement_id": improvement_id, "reason": reason}
    await session.execute(update(Source).where(col(Source.id).in_(ids)).values(**values))


async def last_ended(
    session: AsyncSession, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, datetime]]:
    """The number of the record of each measure and scope that ended last, and when; those without one are left out."""
    measures, scopes = [key for key, _ in keys], [scope for _, scope in keys]
    wanted = select(
        func.unnest(bindparam("measures", measures, ARRAY(Text))).label("measure_key"),
        func.unnest(bindparam("scopes", scopes, ARRAY(Text))).label("scope"),
    ).subquery()
    query = (
        select(col(Improvement.measure_key), col(Improvement.scope), col(Improvement.number), _ENDED_AT.label("at"))
        .ext(distinct_on(col(Improvement.measure_key), col(Improvement.scope)))
        .join(
            wanted,
            (col(Improvement.measure_key) == wanted.c.measure_key) & (col(Improvement.scope) == wanted.c.scope),
        )
        .where(col(Improvement.state).in_(ENDED))
        .order_by(col(Improvement.measure_key), col(Improvement.scope), _ENDED_AT.desc())
    )
    return {(row.measure_key, row.scope): (row.number, row.at) for row in await session.execute(query)}


async def list_newest(
    session: AsyncSession, filters: Mapping[str, object], before: UUID | None, limit: int
) -> Sequence[Source]:
    """Sources whose columns equal the filters, newest first."""
    query = select(Source).order_by(col(Source.id).desc()).limit(limit)
    for column, value in filters.items():
        query = query.where(getattr(Source, column) == value)
    if before is not None:
        query = query.where(col(Source.id) < before)
    return (await session.scalars(query)).all()


async def find(session: AsyncSession, source_id: UUID) -> Source | None:
    return await session.get(Source, source_id)
