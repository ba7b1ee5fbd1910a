"""Every SQL statement on clauses in operation: whole batches by one statement each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, TextClause, Uuid, bindparam, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements, clauses
from services.metrics.agreements.repository import clauses_with_agreement, list_clauses_between
from services.metrics.clauses.clause import Clause, clause_of
from services.metrics.clauses.models import (
    clause_cases,
    clause_records,
    clause_standings,
    clause_timers,
    ticket_rests,
)
from services.metrics.clauses.rules import TimerState
from services.metrics.tickets.models import tickets


@dataclass(frozen=True, slots=True)
class Timer:
    """A ticket's clock under a clause, as stored; `pauses` are all that does not count."""

    id: UUID
    ticket_id: UUID
    clause_id: UUID
    customer: str | None
    service: str | None
    group: str | None
    state: TimerState
    paused: bool
    started_at: datetime
    due_at: datetime | None
    at_risk_at: datetime | None
    stopped_at: datetime | None
    decided_at: datetime | None
    elapsed_minutes: float | None
    pauses: list[list[str | None]]
    breach_told: bool
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """A ticket was resolved, and taken up again."""

    ticket_id: UUID
    resolved_at: datetime
    reopened_at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """What a ticket contributes to a clause without clocks: an interruption, an incident, an occurrence."""

    ticket_id: UUID
    clause_id: UUID
    began_at: datetime
    ended_at: datetime | None


_TIMER = [field.name for field in fields(Timer)]
_CASE = [field.name for field in fields(Case)]


def _put(table: Any, columns: Sequence[str]) -> TextClause:
    named = ", ".join(f'"{name}"' for name in columns)
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in ("ticket_id", "clause_id"))
    return text(
        f"INSERT INTO {table.name} ({named}) SELECT * FROM unnest({', '.join(f':{name}' for name in columns)})"
        f" ON CONFLICT (ticket_id, clause_id) DO UPDATE SET {changes}"
    ).bindparams(*(bindparam(name, type_=ARRAY(table.c[name].type, dimensions=1)) for name in columns))


def _pairs(statement: str) -> TextClause:
    return text(statement).bindparams(
        bindparam("ticket_ids", type_=ARRAY(Uuid)), bindparam("clause_ids", type_=ARRAY(Uuid))
    )


_PUT_TIMERS = _put(clause_timers, _TIMER)
_PUT_CASES = _put(clause_cases, _CASE)
_OF_PAIRS = "USING unnest(:ticket_ids, :clause_ids) AS gone (ticket_id, clause_id)"
_SAME = "c.ticket_id = gone.ticket_id AND c.clause_id = gone.clause_id"
_DROP_TIMERS = _pairs(f"DELETE FROM clause_timers c {_OF_PAIRS} WHERE {_SAME}")
_DROP_CASES = _pairs(f"DELETE FROM clause_cases c {_OF_PAIRS} WHERE {_SAME}")

_TICKET = 't.source, t.external_id, t.title, t.priority, t.service, t.customer, t."group"'
_TELL = text(
    f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM clause_timers WHERE state IN ('on_track', 'at_risk') AND due_at < :now
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE clause_timers AS c
    SET state = 'breached', decided_at = c.due_at, breach_told = true, version = c.version + 1, updated_at = :now
    FROM due, tickets AS t WHERE c.id = due.id AND t.id = c.ticket_id
    RETURNING c.id AS timer_id, c.clause_id, c.ticket_id, c.version, c.started_at, c.due_at, {_TICKET}
    """
)
_WARN = text(
    f"""
    WITH due AS MATERIALIZED (
        SELECT id FROM clause_timers
        WHERE state = 'on_track' AND at_risk_at <= :now AND (due_at IS NULL OR due_at >= :now)
        ORDER BY at_risk_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE clause_timers AS c SET state = 'at_risk', version = c.version + 1, updated_at = :now
    FROM due, tickets AS t WHERE c.id = due.id AND t.id = c.ticket_id
    RETURNING c.id AS timer_id, c.clause_id, c.ticket_id, c.version, c.started_at, c.due_at, {_TICKET}
    """
)
_EDITION = text(
    """
    SELECT md5(string_agg(id || ':' || version || ':' || state, ',' ORDER BY id)) FROM agreements
    WHERE signed_at IS NOT NULL AND state IN ('in_force', 'under_review', 'renewed', 'terminated', 'expired')
    """
)


async def edition_of_clauses(session: AsyncSession) -> str | None:
    """A digest that changes with any agreement that counts or did; None when there is none."""
    edition: str | None = (await session.execute(_EDITION)).scalar_one()
    return edition


async def list_all_clauses(session: AsyncSession) -> list[Clause]:
    """Every clause that counts or did."""
    return [clause_of(row) for row in await list_clauses_between(session, date.min, date.max)]


async def list_clauses(
    session: AsyncSession, *, agreement_id: UUID | None = None, clause_ids: Collection[UUID] | None = None
) -> list[Clause]:
    """These clauses, or those of this agreement, in its order; of signed agreements whatever became of them."""
    query = clauses_with_agreement().where(agreements.c.signed_at.is_not(None))
    if agreement_id is not None:
        query = query.where(clauses.c.agreement_id == agreement_id)
    if clause_ids is not None:
        query = query.where(clauses.c.id.in_(clause_ids))
    return [clause_of(row) for row in await session.execute(query)]


async def lock_timers(session: AsyncSession, ticket_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Timer]:
    """By `(ticket, clause)`, held until the transaction ends."""
    query = (
        select(*(clause_timers.c[name] for name in _TIMER))
        .where(clause_timers.c.ticket_id == func.any(bindparam("ids", list(ticket_ids), ARRAY(Uuid))))
        .order_by(clause_timers.c.ticket_id, clause_timers.c.clause_id)
        .with_for_update()
    )
    timers = [Timer(*row) for row in await session.execute(query)]
    return {(timer.ticket_id, timer.clause_id): timer for timer in timers}


async def list_cases_of(session: AsyncSession, ticket_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Case]:
    """By `(ticket, clause)`."""
    query = select(*(clause_cases.c[name] for name in _CASE)).where(
        clause_cases.c.ticket_id == func.any(bindparam("ids", list(ticket_ids), ARRAY(Uuid)))
    )
    cases = [Case(*row) for row in await session.execute(query)]
    return {(case.ticket_id, case.clause_id): case for case in cases}


async def put_rests(session: AsyncSession, rests: Sequence[Rest]) -> None:
    if rests:
        statement = upsert(ticket_rests).on_conflict_do_nothing()
        await session.execute(statement, [asdict(rest) for rest in rests])


async def list_rests(session: AsyncSession, ticket_ids: Collection[UUID]) -> Sequence[Rest]:
    query = select(ticket_rests).where(
        ticket_rests.c.ticket_id == func.any(bindparam("ids", list(ticket_ids), ARRAY(Uuid)))
    )
    return [Rest(*row) for row in await session.execute(query)]


async def put_timers(session: AsyncSession, timers: Sequence[Timer]) -> None:
    if timers:
        ordered = sorted(timers, key=attrgetter("ticket_id", "clause_id"))
        await session.execute(_PUT_TIMERS, _columns(ordered, _TIMER))


async def put_cases(session: AsyncSession, cases: Sequence[Case]) -> None:
    if cases:
        ordered = sorted(cases, key=attrgetter("ticket_id", "clause_id"))
        await session.execute(_PUT_CASES, _columns(ordered, _CASE))


async def drop_timers(session: AsyncSession, keys: Collection[tuple[UUID, UUID]]) -> None:
    if keys:
        await session.execute(_DROP_TIMERS, _split(keys))


async def drop_cases(session: AsyncSession, keys: Collection[tuple[UUID, UUID]]) -> None:
    if keys:
        await session.execute(_DROP_CASES, _split(keys))


async def take_breached(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Clocks whose time has run out and of which nobody told yet; now they are breached. With their tickets."""
    return (await session.execute(_TELL, {"now": now, "most": most})).all()


async def take_at_risk(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Clocks that came near their end and of which nobody told yet; now they are at risk. With their tickets."""
    return (await session.execute(_WARN, {"now": now, "most": most})).all()


@dataclass(frozen=True, slots=True)
class WorkFilters:
    """What the desk's list is narrowed to; None does not narrow."""

    customer: str | None = None
    service: str | None = None
    group: str | None = None


async def list_at_risk(
    session: AsyncSession, filters: WorkFilters, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """R58: clocks that are at risk or breached, due next first, with their tickets; those that are paused before their
    deadline come last."""
    due = func.coalesce(clause_timers.c.due_at, text("'9999-01-01 00:00:00+00'::timestamptz"))
    query = (
        select(
            clause_timers,
            due.label("order_at"),
            tickets.c.source,
            tickets.c.external_id,
            tickets.c.title,
            tickets.c.priority,
            tickets.c.resolver,
            clauses.c.key.label("clause_key"),
            clauses.c.title.label("clause_title"),
            agreements.c.id.label("agreement_id"),
            agreements.c.number.label("agreement_number"),
        )
        .join(tickets, tickets.c.id == clause_timers.c.ticket_id)
        .join(clauses, clauses.c.id == clause_timers.c.clause_id)
        .join(agreements, agreements.c.id == clauses.c.agreement_id)
        .where(clause_timers.c.state.in_(("at_risk", "breached")))
    )
    for name in ("customer", "service", "group"):
        wanted = getattr(filters, name)
        if wanted is not None:
            query = query.where(clause_timers.c[name] == wanted)
    if after is not None:
        query = query.where(tuple_(due, clause_timers.c.id) > tuple_(*after))
    return (await session.execute(query.order_by(due, clause_timers.c.id).limit(limit))).all()


async def count_running(session: AsyncSession, clause_ids: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """How many clocks run, by clause and state."""
    query = (
        select(clause_timers.c.clause_id, clause_timers.c.state, func.count())
        .where(
            clause_timers.c.clause_id.in_(clause_ids),
            clause_timers.c.state.in_(("on_track", "at_risk", "breached")),
        )
        .group_by(clause_timers.c.clause_id, clause_timers.c.state)
    )
    return {(clause_id, state): count for clause_id, state, count in await session.execute(query)}


async def insert_record(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    kept: Row[Any] = (await session.execute(insert(clause_records).values(**values).returning(clause_records))).one()
    return kept


async def list_records(
    session: AsyncSession, clause_id: UUID, kind: str, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(clause_records).where(clause_records.c.clause_id == clause_id, clause_records.c.kind == kind)
    if before is not None:
        query = query.where(tuple_(clause_records.c.at, clause_records.c.id) < tuple_(*before))
    query = query.order_by(clause_records.c.at.desc(), clause_records.c.id.desc()).limit(limit)
    return (await session.execute(query)).all()


async def get_standing(session: AsyncSession, clause_id: UUID) -> Row[Any] | None:
    """Held until the transaction ends."""
    query = select(clause_standings).where(clause_standings.c.clause_id == clause_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def put_standing(session: AsyncSession, values: Mapping[str, Any]) -> None:
    statement = upsert(clause_standings).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["clause_id"], set_=dict(values)))


async def take_standings(session: AsyncSession, now: datetime, most: int) -> Sequence[UUID]:
    """Clauses that may stand elsewhere by now, though nothing was heard; each is taken once."""
    due = (
        select(clause_standings.c.clause_id)
        .where(clause_standings.c.look_at <= now)
        .order_by(clause_standings.c.look_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.execute(due)).scalars().all()
    if ids:
        await session.execute(
            update(clause_standings).where(clause_standings.c.clause_id.in_(ids)).values(look_at=None)
        )
    return ids


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """The rows as one array a column."""
    return {name: [getattr(row, name) for row in rows] for name in names}


def _split(keys: Collection[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    ordered = sorted(keys)
    return {"ticket_ids": [key[0] for key in ordered], "clause_ids": [key[1] for key in ordered]}
