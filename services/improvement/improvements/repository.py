"""Every SQL statement on improvement records."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.gaps.models import Gap
from services.improvement.improvements.models import OPEN, Approval, HistoryLine, Improvement

_ONE_OPEN = "uq_improvements_open"


async def find(session: AsyncSession, improvement_id: UUID) -> Improvement | None:
    return await session.get(Improvement, improvement_id)


async def lock(session: AsyncSession, improvement_ids: Iterable[UUID]) -> dict[UUID, Improvement]:
    """These records by id, locked in order of id until the transaction ends; what does not exist is left out."""
    query = (
        select(Improvement)
        .where(col(Improvement.id).in_(set(improvement_ids)))
        .order_by(col(Improvement.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {record.id: record for record in await session.scalars(query)}


async def list_newest(
    session: AsyncSession, filters: Mapping[str, str], gap_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[Improvement]:
    """Records whose columns equal the filters, newest first; `gap_id` finds the record that a gap led to."""
    query = select(Improvement).order_by(col(Improvement.id).desc()).limit(limit)
    for column, value in filters.items():
        query = query.where(getattr(Improvement, column) == value)
    if gap_id is not None:
        query = query.where(col(Improvement.id).in_(select(col(Gap.improvement_id)).where(col(Gap.id) == gap_id)))
    if before is not None:
        query = query.where(col(Improvement.id) < before)
    return (await session.scalars(query)).all()


async def count_by_state(session: AsyncSession) -> dict[str, int]:
    """How many records are in each state that any is in."""
    query = select(col(Improvement.state), func.count().label("records")).group_by(col(Improvement.state))
    return {row.state: row.records for row in await session.execute(query)}


async def find_open(session: AsyncSession, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """The open record of each measure and scope, where there is one."""
    query = select(col(Improvement.measure_key), col(Improvement.scope), col(Improvement.id)).where(
        tuple_(col(Improvement.measure_key), col(Improvement.scope)).in_(list(keys)), text(OPEN)
    )
    return {(row.measure_key, row.scope): row.id for row in await session.execute(query)}


async def list_states(session: AsyncSession, improvement_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The state of each of these records."""
    query = select(col(Improvement.id), col(Improvement.state)).where(col(Improvement.id).in_(set(improvement_ids)))
    return {row.id: row.state for row in await session.execute(query)}


async def insert_unless_open(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> list[Improvement]:
    """Insert those records whose measure and scope have no open one yet; returns what was inserted."""
    statement = (
        upsert(Improvement)
        .on_conflict_do_nothing(index_elements=["measure_key", "scope"], index_where=text(OPEN))
        .returning(Improvement)
    )
    return list(await session.scalars(statement, rows))


async def save(session: AsyncSession, record: Improvement) -> bool:
    """Write this record now; False when another open one has taken its measure and scope at the same moment."""
    session.add(record)
    try:
        await session.flush()
    except IntegrityError as error:
        if _ONE_OPEN not in str(error.orig):
            raise
        return False
    return True


async def list_approvals(session: AsyncSession, improvement_id: UUID) -> Sequence[Approval]:
    """All decisions, oldest first."""
    query = select(Approval).where(col(Approval.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(Approval.revision), col(Approval.step)))).all()


async def append_history(session: AsyncSession, lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        await session.execute(insert(HistoryLine), lines)


async def list_history(session: AsyncSession, improvement_id: UUID, after: int, limit: int) -> Sequence[HistoryLine]:
    """Lines behind line `after`, oldest first."""
    query = select(HistoryLine).where(col(HistoryLine.improvement_id) == improvement_id, col(HistoryLine.id) > after)
    return (await session.scalars(query.order_by(col(HistoryLine.id)).limit(limit))).all()
