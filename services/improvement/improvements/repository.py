"""Every SQL statement on improvement records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, insert, literal, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.gaps.models import Gap
from services.improvement.improvements.models import OPEN, HistoryLine, Improvement
from services.improvement.tasks.rules import LIVE

_ONE_OPEN = "uq_improvements_open"
_SUMMARY = (
    "id",
    "number",
    "title",
    "state",
    "revision",
    "version",
    "cycle",
    "parent_id",
    "origin",
    "gap_id",
    "department",
    "service",
    "customer",
    "project",
    "severity",
    "impact",
    "effort",
    "priority",
    "next_due_at",
    "measure_key",
    "scope",
    "owner",
    "requester",
    "signature",
    "correlation_id",
    "opened_at",
    "updated_at",
)
_WORDS = "improvement.search_words(improvements.number, improvements.title)"
_IN_ORDER = f"position(lower(:wanted_text) IN {_WORDS}) > 0"
_HAS_TEXT = f"improvement.grams({_WORDS}) @> improvement.grams_of(:wanted_text) AND {_IN_ORDER}"
"""The index finds what has all runs of three letters, the second part which of them has them in their order. A single
Latin letter is in nearly every title: there the index would only cost."""


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


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a list: what it is sorted by, None where it has none, and its id."""

    value: Any
    id: UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records, in which order: by id downwards, or by a column upwards with empty ones last; `after` is the row
    before the first."""

    states: Sequence[str] = ()
    origins: Sequence[str] = ()
    equal: Mapping[str, Any] = field(default_factory=dict)
    gap_id: UUID | None = None
    priority_at_most: int | None = None
    overdue: bool | None = None
    text: str | None = None
    opened_since: datetime | None = None
    updated_since: datetime | None = None
    sorted_by: str | None = None
    after: Place | None = None
    limit: int = 50


async def list_page(session: AsyncSession, wanted: Wanted, now: datetime) -> Sequence[Row[Any]]:
    """Rows with the columns of a summary, `wanted.limit` at most."""
    states = _states(wanted)
    if states == []:
        return []
    query = _filter(wanted, states, now).limit(wanted.limit)
    id_, after = col(Improvement.id), wanted.after
    if wanted.sorted_by is None:
        newest = query.order_by(id_.desc())
        return list((await session.execute(newest if after is None else newest.where(id_ < after.id))).all())
    column = getattr(Improvement, wanted.sorted_by)
    rows: list[Row[Any]] = []
    if after is None or after.value is not None:
        having = query.where(column.is_not(None)).order_by(column, id_)
        if after is not None:
            having = having.where(tuple_(column, id_) > tuple_(literal(after.value, column.type), literal(after.id)))
        rows = list((await session.execute(having)).all())
        after = None
    if len(rows) < wanted.limit:
        without = query.where(column.is_(None)).order_by(id_).limit(wanted.limit - len(rows))
        rows += (await session.execute(without if after is None else without.where(id_ > after.id))).all()
    return rows


def _states(wanted: Wanted) -> list[str] | None:
    """The states that a record can be in; None for any. Only what lives is overdue, which Postgres cannot know."""
    if not wanted.overdue:
        return list(wanted.states) or None
    return [state for state in LIVE if not wanted.states or state in wanted.states]


def _filter(wanted: Wanted, states: Sequence[str] | None, now: datetime) -> Select[Any]:
    table = Improvement
    query = select(*(getattr(table, name) for name in _SUMMARY))
    query = query.where(*(getattr(table, name) == value for name, value in wanted.equal.items()))
    if states is not None:
        query = query.where(col(table.state).in_(states))
    if wanted.origins:
        query = query.where(col(table.origin).in_(wanted.origins))
    if wanted.gap_id is not None:
        query = query.where(col(table.id).in_(select(col(Gap.improvement_id)).where(col(Gap.id) == wanted.gap_id)))
    if wanted.priority_at_most is not None:
        query = query.where(col(table.priority) <= wanted.priority_at_most)
    if wanted.overdue:
        query = query.where(col(table.next_due_at) <= now)
    elif wanted.overdue is not None:
        query = query.where(or_(col(table.next_due_at).is_(None), col(table.next_due_at) > now))
    if wanted.text is not None:
        is_common = len(wanted.text) == 1 and wanted.text.isascii()
        query = query.where(text(_IN_ORDER if is_common else _HAS_TEXT).bindparams(wanted_text=wanted.text))
    if wanted.opened_since is not None:
        query = query.where(col(table.opened_at) >= wanted.opened_since)
    if wanted.updated_since is not None:
        query = query.where(col(table.updated_at) >= wanted.updated_since)
    return query


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


async def append_history(session: AsyncSession, lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        await session.execute(insert(HistoryLine), lines)


async def list_history(session: AsyncSession, improvement_id: UUID, after: int, limit: int) -> Sequence[HistoryLine]:
    """Lines behind line `after`, oldest first."""
    query = select(HistoryLine).where(col(HistoryLine.improvement_id) == improvement_id, col(HistoryLine.id) > after)
    return (await session.scalars(query.order_by(col(HistoryLine.id)).limit(limit))).all()
