"""Every SQL statement on the gaps that were heard of."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Row, Text, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.gaps.models import Gap

_CLAIM = text("INSERT INTO gaps (id) SELECT * FROM unnest(:ids) ON CONFLICT (id) DO NOTHING RETURNING id").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)

_LINK = text(
    """
    UPDATE gaps SET improvement_id = given.improvement_id
    FROM unnest(:ids, :improvement_ids) AS given (id, improvement_id) WHERE gaps.id = given.id
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("improvement_ids", type_=ARRAY(Uuid)))

_SETTLE = text(
    """
    INSERT INTO gaps (id, settled_at, settled_reason) SELECT * FROM unnest(:ids, :times, :reasons)
    ON CONFLICT (id) DO UPDATE SET settled_at = excluded.settled_at, settled_reason = excluded.settled_reason
    RETURNING id, improvement_id
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("times", type_=ARRAY(DateTime(timezone=True))),
    bindparam("reasons", type_=ARRAY(Text)),
)


async def claim_new(session: AsyncSession, gap_ids: Iterable[UUID]) -> set[UUID]:
    """Note these gaps; returns those that were not known. Whoever else is noting one of them is waited for."""
    return set(await session.scalars(_CLAIM, {"ids": sorted(set(gap_ids))}))


async def lock_waiting(session: AsyncSession, gap_ids: Collection[UUID]) -> set[UUID]:
    """Those that have led to no record yet and are not settled, locked: new ones, and those that were suppressed."""
    query = (
        select(col(Gap.id))
        .where(col(Gap.id).in_(gap_ids), col(Gap.improvement_id).is_(None), col(Gap.settled_at).is_(None))
        .order_by(col(Gap.id))
        .with_for_update()
    )
    return set(await session.scalars(query))


async def find(session: AsyncSession, gap_ids: Collection[UUID]) -> dict[UUID, Gap]:
    query = select(Gap).where(col(Gap.id).in_(gap_ids)).execution_options(populate_existing=True)
    return {gap.id: gap for gap in await session.scalars(query)}


async def link(session: AsyncSession, improvements: Mapping[UUID, UUID]) -> None:
    """Note which record each gap led to."""
    await session.execute(_LINK, {"ids": list(improvements), "improvement_ids": list(improvements.values())})


async def settle(session: AsyncSession, reasons: Mapping[UUID, tuple[datetime, str]]) -> list[Row[Any]]:
    """Note that these gaps are gone, heard of before or not; returns each with its `improvement_id`."""
    ids = sorted(reasons)
    times, texts = [reasons[id_][0] for id_ in ids], [reasons[id_][1] for id_ in ids]
    return list(await session.execute(_SETTLE, {"ids": ids, "times": times, "reasons": texts}))


async def count_open(session: AsyncSession, improvement_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many gaps behind each record are not settled; records without any are left out."""
    query = (
        select(col(Gap.improvement_id), func.count())
        .where(col(Gap.improvement_id).in_(improvement_ids), col(Gap.settled_at).is_(None))
        .group_by(col(Gap.improvement_id))
    )
    return {improvement_id: count for improvement_id, count in await session.execute(query) if improvement_id}
