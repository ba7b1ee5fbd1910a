"""Use cases of clauses in operation: follow tickets, tell of clocks that run out, take what people hand in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.attainments import repository as attainments
from services.metrics.calendars.problems import CalendarNotFound
from services.metrics.calendars.service import find_calendar
from services.metrics.clauses import repository, rules, telling
from services.metrics.clauses.clause import Clause
from services.metrics.clauses.repository import Case, Rest, Timer
from services.metrics.clauses.schemas import CountBody, FulfilmentBody, OccurrenceBody
from services.metrics.clauses.spans import MINUTE
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, FulfilmentTerms, TimeTerms
from services.metrics.measures.periods import local_day, period_of, periods_between, starts_at
from services.metrics.settings import settings
from services.metrics.tickets.rules import Change, Ticket
from shared import clock, problems
from shared.calendars import Calendar
from shared.events.clauses import ClauseBreached
from shared.events.envelope import current_origin
from shared.ids import new_id
from shared.outbox import record_all

_log = structlog.get_logger(__name__)
Key = tuple[UUID, UUID]
Marks = set[tuple[UUID, date]]

_known: dict[str, list[Clause]] = {}
"""The clauses by the edition of all agreements that count: terms are read once, not with every batch."""


class ClauseNotFound(problems.NotFound):
    pass


class WrongKind(problems.Problem):
    """This clause has no use for what was handed in."""

    status = 409


class TimeInFuture(problems.Problem):
    """What has not happened yet cannot be evidence."""

    status = 422


class OutsideOfTerm(problems.Problem):
    """The clause did not count at that time."""

    status = 422


async def follow(session: AsyncSession, tickets: Sequence[Ticket], changes: Iterable[Change] = ()) -> None:
    """R58, R86, R112: bring clocks and cases of these tickets to where the tickets stand now, in whole-batch
    statements; one cheap query where no clause counts.

    A clock starts when the ticket opens, stops at the first response or the resolution, pauses while it is pending,
    and runs on after a reopen without the time in which it was resolved: `changes` name the reopens among these
    updates, and they are kept for agreements to come. A cancelled ticket has none.
    """
    if not tickets:
        return
    await repository.put_rests(session, _find_rests(changes))
    clauses = await list_clauses(session)
    if not clauses:
        return
    current = {ticket.id: ticket for ticket in tickets}
    timers = await repository.lock_timers(session, current)
    cases = await repository.list_cases_of(session, current)
    await repository.put_rests(session, _find_closed(clauses, timers.values(), current))
    wanted = _find_wanted(clauses, current.values(), timers, cases)
    calendars = await _find_calendars(session, (clause.calendar for clause, _ in wanted if clause.clocks_tickets))
    rests: dict[UUID, list[rules.Pause]] = defaultdict(list)
    for rest in await repository.list_rests(session, current):
        rests[rest.ticket_id].append((rest.resolved_at, rest.reopened_at))
    now = clock.now()
    kept_timers: dict[Key, Timer] = {}
    kept_cases: dict[Key, Case] = {}
    for clause, ticket in wanted:
        key = ticket.id, clause.id
        if clause.clocks_tickets:
            if clause.calendar in calendars:
                kept_timers[key] = _clock(
                    clause, ticket, calendars[clause.calendar], timers.get(key), rests[ticket.id], now
                )
            elif key in timers:
                kept_timers[key] = timers[key]
        else:
            span = rules.case_of(clause, ticket)
            if span is not None:
                kept_cases[key] = Case(*key, *span)
    by_id = {clause.id: clause for clause in clauses}
    await _keep_timers(session, timers, kept_timers, by_id, current)
    await _keep_cases(session, cases, kept_cases, by_id, now)


async def list_clauses(session: AsyncSession) -> list[Clause]:
    """Every clause that counts or did."""
    edition = await repository.edition_of_clauses(session)
    if edition is None:
        return []
    if edition not in _known:
        clauses = await repository.list_all_clauses(session)
        _known.clear()
        _known[edition] = clauses
    return _known[edition]


def _find_wanted(
    clauses: Iterable[Clause],
    tickets: Iterable[Ticket],
    timers: Collection[Key],
    cases: Collection[Key],
) -> list[tuple[Clause, Ticket]]:
    """Which clause speaks of which ticket."""
    zone = settings().zone
    of_customer: dict[str, list[Clause]] = defaultdict(list)
    for clause in clauses:
        of_customer[clause.customer].append(clause)
    return [
        (clause, ticket)
        for ticket in tickets
        if ticket.customer in of_customer
        for clause in of_customer[ticket.customer]
        if rules.concerns(clause, ticket, local_day(ticket.opened_at, zone))
    ]


async def _find_calendars(session: AsyncSession, keys: Iterable[str]) -> dict[str, Calendar]:
    """Without those that are gone: tickets are taken all the same, and what is wrong is logged."""
    found: dict[str, Calendar] = {}
    for key in set(keys):
        try:
            found[key] = await find_calendar(session, key)
        except CalendarNotFound:
            _log.error("calendar_of_agreement_missing", calendar=key)
    return found


def _find_rests(changes: Iterable[Change]) -> list[Rest]:
    """From each resolution that was undone to its reopen."""
    return [
        Rest(change.ticket.id, change.undone_at, change.at)
        for change in changes
        if change.happening == "reopened" and change.undone_at is not None
    ]


def _find_closed(clauses: Iterable[Clause], timers: Iterable[Timer], tickets: Mapping[UUID, Ticket]) -> list[Rest]:
    """The same for what was closed without a resolution, which only its stored clock knows of."""
    resolution = {clause.id for clause in clauses if clause.what == "resolution"}
    return [
        Rest(timer.ticket_id, timer.stopped_at, tickets[timer.ticket_id].updated_at)
        for timer in timers
        if timer.stopped_at is not None
        and timer.clause_id in resolution
        and tickets[timer.ticket_id].resolved_at is None
        and tickets[timer.ticket_id].closed_at is None
    ]


def _clock(
    clause: Clause,
    ticket: Ticket,
    calendar: Calendar,
    stored: Timer | None,
    rests: Sequence[rules.Pause],
    now: datetime,
) -> Timer:
    """The clock of this ticket as it stands; the stored one itself when nothing changed."""
    terms = clause.terms
    assert isinstance(terms, TimeTerms)
    stopped_at = rules.stop_of(terms, ticket)
    pending = rules.read_pauses(ticket.pauses) if terms.pause_while_pending else []
    pauses = [*pending, *rests] if terms.what == "resolution" else pending
    reading = rules.read_timer(
        terms, calendar, ticket.opened_at, stopped_at, pauses, now, stored.state if stored else None
    )
    over = reading.state in ("breached", "missed")
    told = stored is not None and stored.breach_told and over
    tells = reading.state == "missed" and not told
    timer = Timer(
        id=stored.id if stored else new_id(),
        ticket_id=ticket.id,
        clause_id=clause.id,
        customer=ticket.customer,
        service=ticket.service,
        group=ticket.group,
        state=reading.state,
        paused=reading.paused,
        started_at=ticket.opened_at,
        due_at=reading.due_at,
        at_risk_at=reading.at_risk_at,
        stopped_at=stopped_at,
        decided_at=reading.decided_at,
        elapsed_minutes=reading.elapsed_minutes,
        pauses=rules.write_pauses(pauses),
        breach_told=told or tells,
        version=(stored.version if stored else 0) + tells,
        updated_at=now,
    )
    return stored if stored is not None and replace(timer, updated_at=stored.updated_at) == stored else timer


async def _keep_timers(
    session: AsyncSession,
    stored: Mapping[Key, Timer],
    kept: Mapping[Key, Timer],
    clauses: Mapping[UUID, Clause],
    tickets: Mapping[UUID, Ticket],
) -> None:
    changed = [timer for key, timer in kept.items() if timer is not stored.get(key)]
    gone = [key for key in stored if key not in kept]
    await repository.put_timers(session, changed)
    await repository.drop_timers(session, gone)
    marks: Marks = set()
    for timer in (*changed, *(stored[key] for key in (*gone, *(_key(timer) for timer in changed)) if key in stored)):
        clause = clauses.get(timer.clause_id)
        if clause is not None and timer.decided_at is not None:
            marks.add((clause.id, period_at(clause, timer.decided_at)))
    await attainments.mark(session, marks)
    late = [
        timer
        for timer in changed
        if timer.state == "missed" and not (_key(timer) in stored and stored[_key(timer)].breach_told)
    ]
    await record_all(
        session,
        [telling.of_timer(ClauseBreached, clauses[timer.clause_id], timer, tickets[timer.ticket_id]) for timer in late],
    )


async def _keep_cases(
    session: AsyncSession,
    stored: Mapping[Key, Case],
    kept: Mapping[Key, Case],
    clauses: Mapping[UUID, Clause],
    now: datetime,
) -> None:
    changed = [case for key, case in kept.items() if case != stored.get(key)]
    gone = [case for key, case in stored.items() if key not in kept]
    before = [stored[case.ticket_id, case.clause_id] for case in changed if (case.ticket_id, case.clause_id) in stored]
    await repository.put_cases(session, changed)
    await repository.drop_cases(session, [(case.ticket_id, case.clause_id) for case in gone])
    marks: Marks = set()
    for case in (*changed, *gone, *before):
        clause = clauses.get(case.clause_id)
        if clause is not None:
            marks |= touched_by(clause, case.began_at, case.ended_at, now)
    await attainments.mark(session, marks)


def _key(timer: Timer) -> Key:
    return timer.ticket_id, timer.clause_id


def period_at(clause: Clause, moment: datetime) -> date:
    """The clause's period that this moment lies in; what comes after the last one belongs to the last one."""
    day = min(local_day(moment, settings().zone), clause.effective_to)
    return period_of(clause.settled_by, day)


def touched_by(clause: Clause, begin: datetime, end: datetime | None, now: datetime) -> Marks:
    """The periods whose values this span may change; an occurrence counts as long as its interval may run."""
    last = now if end is None else end
    if isinstance(clause.terms, FrequencyTerms):
        last += MINUTE * (clause.terms.every_minutes + clause.terms.tolerance_minutes)
    zone = settings().zone
    first_day = max(local_day(begin, zone), period_of(clause.settled_by, clause.effective_from))
    last_day = min(local_day(min(max(last, begin), max(now, begin)), zone), clause.effective_to)
    if first_day > last_day:
        return set()
    return {(clause.id, period) for period in periods_between(clause.settled_by, first_day, last_day)}


async def notice(session: AsyncSession, now: datetime, most: int) -> int:
    """R112: tell of clocks that ran out, then of those near it, each once; how many."""
    breached = await repository.take_breached(session, now, most)
    at_risk = await repository.take_at_risk(session, now, most)
    rows = [*breached, *at_risk]
    if not rows:
        return 0
    known = await repository.list_clauses(session, clause_ids={row.clause_id for row in rows})
    clauses = {clause.id: clause for clause in known}
    await attainments.mark(
        session, {(row.clause_id, period_at(clauses[row.clause_id], row.due_at)) for row in breached}
    )
    await record_all(session, telling.of_rows(breached, at_risk, clauses))
    return len(rows)


async def look_again(session: AsyncSession, now: datetime, most: int) -> int:
    """R112: clauses that stand elsewhere as time goes by, an interval that runs out for one; how many."""
    ids = await repository.take_standings(session, now, most)
    if ids:
        known = await repository.list_clauses(session, clause_ids=ids)
        await attainments.mark(session, {mark for clause in known for mark in running_period(clause, now)})
    return len(ids)


def running_period(clause: Clause, now: datetime) -> Marks:
    """The period that runs, where the clause counts in it."""
    today = local_day(now, settings().zone)
    period = period_of(clause.settled_by, today)
    counts = clause.effective_from <= today and period <= clause.effective_to
    return {(clause.id, period)} if counts else set()


async def find_clause(session: AsyncSession, clause_id: UUID) -> Clause:
    """A clause of a signed agreement. Raises `ClauseNotFound`."""
    found = await repository.list_clauses(session, clause_ids=[clause_id])
    if not found:
        raise ClauseNotFound(f"no signed agreement has a clause {clause_id}; GET /metrics/v1/agreements lists them")
    return found[0]


async def record_occurrence(session: AsyncSession, clause_id: UUID, body: OccurrenceBody) -> Row[Any]:
    """R166: it happened. Raises `ClauseNotFound`, `WrongKind`, `TimeInFuture`, `OutsideOfTerm`."""
    clause = await find_clause(session, clause_id)
    if not isinstance(clause.terms, FrequencyTerms):
        raise WrongKind(f"{clause.key} is a clause on {clause.what}; occurrences belong to a frequency clause")
    return await _record(session, clause, "occurrence", body.occurred_at, body.note, body.evidence_sha256, None, None)


async def record_fulfilment(session: AsyncSession, clause_id: UUID, body: FulfilmentBody) -> Row[Any]:
    """R167: it was supplied, and this shows it. Raises as `record_occurrence`."""
    clause = await find_clause(session, clause_id)
    if not isinstance(clause.terms, FulfilmentTerms):
        raise WrongKind(f"{clause.key} is a clause on {clause.what}; fulfilments belong to a clause of kind 'clause'")
    at = starts_at(body.fulfilled_on, settings().zone)
    return await _record(
        session, clause, "fulfilment", at, body.evidence, body.evidence_sha256, body.evidence_link, None
    )


async def record_count(session: AsyncSession, clause_id: UUID, body: CountBody) -> Row[Any]:
    """R165: so many were counted. Raises as `record_occurrence`."""
    clause = await find_clause(session, clause_id)
    if not isinstance(clause.terms, CountTerms) or clause.terms.counts != "reported":
        raise WrongKind(f"{clause.key} counts by itself or nothing; only a count clause on 'reported' takes numbers")
    return await _record(session, clause, "count", body.counted_at, body.note, body.evidence_sha256, None, body.value)


async def _record(
    session: AsyncSession,
    clause: Clause,
    kind: str,
    at: datetime,
    note: str | None,
    sha256: str | None,
    link: str | None,
    value: float | None,
) -> Row[Any]:
    now = clock.now()
    if at > now:
        raise TimeInFuture(f"{at.isoformat()} has not come yet; it is {now.isoformat()} now")
    zone = settings().zone
    day = local_day(at, zone)
    if not clause.effective_from <= day <= clause.effective_to:
        raise OutsideOfTerm(
            f"{day} lies outside of {clause.effective_from} to {clause.effective_to}, while clause {clause.key} counts"
        )
    row = await repository.insert_record(
        session,
        {
            "id": new_id(),
            "clause_id": clause.id,
            "kind": kind,
            "at": at,
            "value": value,
            "note": note,
            "evidence_sha256": sha256,
            "evidence_link": link,
            "recorded_by": current_origin.get().actor,
            "recorded_at": now,
        },
    )
    await attainments.mark(session, touched_by(clause, at, at + timedelta(microseconds=1), now))
    return row
