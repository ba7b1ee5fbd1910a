"""The clock of a ticket under a clause: when it is due, when it is at risk, whether the promise was kept (R112, R164).

Time runs by the agreement's calendar or by the wall clock. Two things do not count: time in which the ticket was
pending, where the clause says so, and time in which it was resolved before a reopen: after the reopen the clock runs
on. The deadline is the first moment by which the time has run; what stops then is in time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypeAlias

from services.metrics.clauses.clause import Clause
from services.metrics.clauses.spans import Clock, Span, clock_of, cut, in_minutes, join, measure
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, TimeTerms
from services.metrics.tickets.rules import Ticket
from shared.calendars import Calendar, NoWorkingTime, add_working_time, working_time_between

TimerState = Literal["on_track", "at_risk", "breached", "met", "missed"]
"""The first three while it runs, the last two once it was stopped."""

Pause: TypeAlias = tuple[datetime, datetime | None]
"""From, and to but without; None while it lasts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A ticket's clock as read at one moment.

    `due_at` and `at_risk_at` are None while it is paused before them, for nobody knows how long; `decided_at` is when
    the verdict fell: the stop in time, or the deadline that was not kept. `elapsed_minutes` is told once it stopped.
    """

    state: TimerState
    paused: bool
    due_at: datetime | None
    at_risk_at: datetime | None
    decided_at: datetime | None
    elapsed_minutes: float | None


def elapsed(calendar: Calendar, clock: Clock, start: datetime, end: datetime, pauses: Sequence[Pause]) -> timedelta:
    """Time by this clock from `start` to `end`, without the pauses; a pause that lasts is taken to `end`."""
    return measure(clock_of(clock, calendar), cut([(start, end)], _until(pauses, end)))


def due_at(
    calendar: Calendar, clock: Clock, start: datetime, limit: timedelta, pauses: Sequence[Pause]
) -> datetime | None:
    """The first moment by which `limit` of this clock has run since `start`; None when a pause that lasts comes
    before, or when the calendar never has so much time."""
    hours = clock_of(clock, calendar)
    left = limit
    at = start
    try:
        for begin, end in _in_order(pauses):
            if begin > at:
                run = working_time_between(hours, at, begin)
                if run >= left:
                    return add_working_time(hours, at, left)
                left -= run
            if end is None:
                return None
            at = max(at, end)
        return add_working_time(hours, at, left)
    except NoWorkingTime:
        return None


def read_timer(
    terms: TimeTerms,
    calendar: Calendar,
    started_at: datetime,
    stopped_at: datetime | None,
    pauses: Sequence[Pause],
    now: datetime,
    before: TimerState | None = None,
) -> Reading:
    """R58, R112: the clock of one ticket. A clock that runs is called at risk or breached by the one who tells of it,
    so here it only keeps what it was called `before`, as long as that is still so."""
    assert terms.within_minutes is not None
    limit = timedelta(minutes=terms.within_minutes)
    due = due_at(calendar, terms.clock, started_at, limit, pauses)
    if stopped_at is not None:
        spent = elapsed(calendar, terms.clock, started_at, max(started_at, stopped_at), pauses)
        met = due is None or stopped_at <= due
        decided = stopped_at if met or due is None else due
        return Reading("met" if met else "missed", False, due, None, decided, in_minutes(spent))
    warned = due_at(calendar, terms.clock, started_at, limit * terms.warn_at, pauses)
    paused = any(begin <= now and (end is None or end > now) for begin, end in pauses)
    state: TimerState = "on_track"
    if before == "breached" and due is not None and due < now:
        state = "breached"
    elif before in ("at_risk", "breached") and warned is not None and warned <= now:
        state = "at_risk"
    return Reading(state, paused, due, warned, due if state == "breached" else None, None)


def concerns(clause: Clause, ticket: Ticket, day: date) -> bool:
    """Whether the clause speaks of this ticket, which was opened on `day` of the installation's zone: it is the
    customer's, of the project and the services agreed, and was opened while the agreement held. Cancelled is none."""
    if ticket.state == "cancelled" or ticket.customer != clause.customer:
        return False
    if not clause.effective_from <= day <= clause.effective_to:
        return False
    if clause.project is not None and ticket.project != clause.project:
        return False
    services = getattr(clause.terms, "services", ()) or clause.services
    if services and ticket.service not in services:
        return False
    match clause.terms:
        case FrequencyTerms(category=category):
            return category is not None and ticket.category == category
        case TimeTerms(what="availability" | "downtime"):
            is_kind = ticket.kind == "incident" and ticket.incident_class == "interruption"
        case TimeTerms():
            is_kind = ticket.kind == "incident"
        case CountTerms(counts="incidents", incident_class=wanted):
            is_kind = ticket.kind == "incident" and wanted in (None, ticket.incident_class)
        case _:
            return False
    priorities = clause.terms.priorities
    return is_kind and (not priorities or ticket.priority in priorities)


def case_of(clause: Clause, ticket: Ticket) -> tuple[datetime, datetime | None] | None:
    """What a ticket that the clause concerns contributes, where that is not a clock: an interruption from the fault to
    the last restoration (R133, R134), an incident when it was opened (R135), an occurrence when it was resolved."""
    match clause.terms:
        case TimeTerms(what="availability" | "downtime"):
            return ticket.failed_at or ticket.opened_at, ticket.resolved_at or ticket.closed_at
        case CountTerms():
            return ticket.opened_at, ticket.opened_at
        case FrequencyTerms():
            done = ticket.resolved_at or (ticket.last_resolved_at if ticket.state == "closed" else None)
            return None if done is None else (done, done)
        case _:
            return None


def stop_of(terms: TimeTerms, ticket: Ticket) -> datetime | None:
    """When the clock of this ticket stopped: at the first response, or at the resolution that stands (a ticket that
    was closed unresolved stops by closing)."""
    if terms.what == "response":
        return ticket.responded_at or ticket.resolved_at or ticket.closed_at
    return ticket.resolved_at or ticket.closed_at


def read_pauses(stored: Iterable[Sequence[Any]] | None) -> list[Pause]:
    """Pauses as they are kept: pairs of ISO times, the second null while the pause lasts."""
    return [
        (datetime.fromisoformat(begin), None if end is None else datetime.fromisoformat(end))
        for begin, end in stored or ()
    ]


def write_pauses(pauses: Iterable[Pause]) -> list[list[str | None]]:
    """As they are kept, in order."""
    return [[begin.isoformat(), None if end is None else end.isoformat()] for begin, end in _in_order(pauses)]


def _in_order(pauses: Iterable[Pause]) -> list[Pause]:
    """By their begin; one that lasts ends the list."""
    lasting = [begin for begin, end in pauses if end is None]
    ended: list[Span] = [(begin, end) for begin, end in pauses if end is not None]
    if not lasting:
        return list(join(ended))
    first = min(lasting)
    return [*join((begin, min(end, first)) for begin, end in ended), (first, None)]


def _until(pauses: Iterable[Pause], end: datetime) -> list[Span]:
    return [(begin, end if last is None else last) for begin, last in pauses]
