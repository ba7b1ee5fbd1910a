"""Every SQL statement on assessments, signatures and inspections."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.effects.models import Assessment, EffectSignature, Inspection
from services.improvement.improvements.models import Improvement

MOST_CYCLES = 1000


async def insert_assessments(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row an answer; the same one again changes nothing."""
    if rows:
        await session.execute(insert(Assessment).on_conflict_do_nothing(), list(rows))


async def list_assessments(
    session: AsyncSession, improvement_id: UUID, after: UUID | None, limit: int
) -> Sequence[Assessment]:
    """In the order in which they were heard."""
    query = select(Assessment).where(col(Assessment.improvement_id) == improvement_id).order_by(col(Assessment.id))
    if after is not None:
        query = query.where(col(Assessment.id) > after)
    return (await session.scalars(query.limit(limit))).all()


async def list_signatures(session: AsyncSession, improvement_id: UUID) -> Sequence[EffectSignature]:
    """All that was signed, oldest first."""
    query = select(EffectSignature).where(col(EffectSignature.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(EffectSignature.id)))).all()


async def list_inspections(session: AsyncSession, improvement_id: UUID) -> Sequence[Inspection]:
    """All independent checks, oldest first."""
    query = select(Inspection).where(col(Inspection.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(Inspection.id)))).all()


async def list_cycles(session: AsyncSession, improvement_id: UUID) -> list[Row[Any]]:
    """The record and the turns of the loop before it on the same measure and scope, the first one first (R27)."""
    columns = (
        col(Improvement.id),
        col(Improvement.number),
        col(Improvement.cycle),
        col(Improvement.state),
        col(Improvement.parent_id),
        col(Improvement.measure_key),
        col(Improvement.scope),
        col(Improvement.assessment),
        col(Improvement.signature),
        col(Improvement.verification_plan),
    )
    chain = select(*columns).where(col(Improvement.id) == improvement_id).cte("chain", recursive=True)
    before = (
        select(*columns)
        .join(chain, col(Improvement.id) == chain.c.parent_id)
        .where(
            col(Improvement.measure_key).is_not_distinct_from(chain.c.measure_key),
            col(Improvement.scope).is_not_distinct_from(chain.c.scope),
            col(Improvement.cycle) < chain.c.cycle,
        )
    )
    chain = chain.union_all(before)
    return list(await session.execute(select(chain).order_by(chain.c.cycle).limit(MOST_CYCLES)))
