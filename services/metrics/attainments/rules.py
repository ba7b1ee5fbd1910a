"""Whether a clause was kept in a period: as it was (raw), and without what both parties agreed to exclude (adjusted).

A ticket with a clock counts in the period in which its verdict fell: when it stopped in time, or when its deadline
passed. Exclusions change the adjusted value only. Time that is excluded does not run on a clock, is neither agreed nor
down (F10), moves the end of an interval and of an obligation; incidents and reports in it do not count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal
from uuid import UUID

from services.metrics.clauses.clause import Clause
from services.metrics.clauses.intervals import find_missed, reference, runs_out_at
from services.metrics.clauses.outages import (
    Downtime,
    Excluded,
    Interruption,
    mean_time_to_restore,
    measure_downtime,
)
from services.metrics.clauses.rules import Pause, due_at
from services.metrics.clauses.spans import Span, clock_of, in_minutes, join, measure
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, FulfilmentTerms, TimeTerms
from services.metrics.measures.periods import next_period, starts_at
from shared.calendars import Calendar, NoWorkingTime, add_working_time

Verdict = Literal["kept", "missed", "no_data", "open"]
"""`open`: the period runs, and the promise can still be kept or is not due yet."""
State = Literal["on_track", "at_risk", "breached"]

WARN_SHARE = 0.8
"""Where the terms do not say, a clause is at risk when so much of what it allows is used up."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a period in which the clause counts, [begin, end), as far as it has come: `until`."""

    begin: datetime
    end: datetime
    until: datetime
    over: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """A value over `n`: tickets, intervals, reports. An outage-free or incident-free period counts itself, as 1."""

    value: float | None
    n: int
    numerator: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a period came to. `used` of `allowed` says how near its limit the clause is; `due_at` when it would be
    broken if nothing more happened, `look_at` when to look again though nothing was heard."""

    raw: Figure
    excluded: float
    adjusted: Figure
    verdict: Verdict
    details: Mapping[str, Any] = field(default_factory=dict)
    used: float | None = None
    allowed: float | None = None
    due_at: datetime | None = None
    look_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clocked:
    """A ticket's clock whose verdict fell in the period."""

    ticket_id: UUID
    started_at: datetime
    stopped_at: datetime | None
    pauses: Sequence[Pause]
    met: bool


def window_of(clause: Clause, period: date, now: datetime, zone: tzinfo) -> Window:
    """The clause's part of this period. It is over when the whole period is."""
    following = next_period(clause.settled_by, period)
    last_day = clause.effective_to + timedelta(days=1)
    begin = starts_at(max(period, clause.effective_from), zone)
    end = max(begin, starts_at(min(following, last_day), zone))
    return Window(begin, end, max(begin, min(end, now)), starts_at(following, zone) <= now, last_day <= following)


def judge_tickets(
    terms: TimeTerms,
    calendar: Calendar,
    met: int,
    n: int,
    affected: Sequence[Clocked],
    excluded: Sequence[Excluded],
    window: Window,
    now: datetime,
) -> Outcome:
    """R164: the share of tickets that were taken up or resolved in time. `affected` are those among the `n` that ran
    during excluded time; what is undecided without it is left out."""
    assert terms.attainment is not None
    adjusted_met, adjusted_n = met, n
    changed = 0
    for clocked in affected:
        again = _judge_again(terms, calendar, clocked, excluded, now)
        changed += again != ("met" if clocked.met else "missed")
        adjusted_met += (again == "met") - clocked.met
        adjusted_n -= again == "undecided"
    raw, adjusted = _share(met, n), _share(adjusted_met, adjusted_n)
    verdict = _verdict(adjusted.value, window, adjusted.value is not None and adjusted.value >= terms.attainment)
    return Outcome(raw, float(changed), adjusted, verdict)


def _judge_again(
    terms: TimeTerms, calendar: Calendar, clocked: Clocked, excluded: Sequence[Excluded], now: datetime
) -> Literal["met", "missed", "undecided"]:
    assert terms.within_minutes is not None
    spared = [(item.begin, item.end) for item in excluded if item.covers(clocked.ticket_id)]
    limit = _MINUTE * terms.within_minutes
    due = due_at(calendar, terms.clock, clocked.started_at, limit, [*clocked.pauses, *spared])
    if clocked.stopped_at is not None:
        return "met" if due is None or clocked.stopped_at <= due else "missed"
    return "missed" if due is not None and due < now else "undecided"


def _share(met: int, n: int) -> Figure:
    return Figure(met / n, n, float(met)) if n else Figure(None, 0)


def judge_outages(
    terms: TimeTerms,
    calendar: Calendar,
    interruptions: Sequence[Interruption],
    excluded: Sequence[Excluded],
    window: Window,
) -> Outcome:
    """R133, R164, R179, F10: availability, or minutes of interruption, with the longest outage beside it; one that is
    longer than `longest_minutes` misses the promise whatever the sum."""
    raw = measure_downtime(calendar, terms.clock, interruptions, (), window.begin, window.until)
    adjusted = measure_downtime(calendar, terms.clock, interruptions, excluded, window.begin, window.until)
    whole = in_minutes(measure(clock_of(terms.clock, calendar), [(window.begin, window.end)]))
    if terms.what == "availability":
        assert terms.attainment is not None
        allowed = (1 - terms.attainment) * (whole - adjusted.excluded_minutes)
        kept = adjusted.availability is not None and adjusted.availability >= terms.attainment
        broken = adjusted.minutes > allowed and not (window.over and kept)
    else:
        assert terms.within_minutes is not None
        allowed = float(terms.within_minutes)
        broken = adjusted.minutes > allowed
        kept = not broken
    too_long = terms.longest_minutes is not None and adjusted.longest_minutes > terms.longest_minutes
    tickets = len(interruptions)
    restore = mean_time_to_restore(interruptions)
    if adjusted.availability is None:
        verdict: Verdict = "no_data" if window.over else "open"
    elif window.over:
        verdict = "kept" if kept and not too_long else "missed"
    else:
        verdict = "missed" if broken or too_long else "open"
    details = {
        "agreed_minutes": raw.agreed_minutes,
        "interruptions": tickets,
        "mean_minutes_to_restore": None if restore is None else in_minutes(restore),
        "outages": raw.outages,
        "longest_outage_minutes": raw.longest_minutes,
        "worst_day": raw.worst_day.isoformat() if raw.worst_day else None,
        "worst_day_minutes": raw.worst_day_minutes,
        "working_minutes_lost": raw.working_minutes,
        "downtime_minutes": raw.minutes,
        "adjusted_downtime_minutes": adjusted.minutes,
        "adjusted_longest_outage_minutes": adjusted.longest_minutes,
    }
    due, look = _next_limit(terms, calendar, interruptions, adjusted.minutes, adjusted.longest_minutes, allowed, window)
    return Outcome(
        raw=_outage_figure(terms, raw, tickets),
        excluded=adjusted.excluded_minutes,
        adjusted=_outage_figure(terms, adjusted, tickets),
        verdict=verdict,
        details=details,
        used=adjusted.minutes,
        allowed=allowed,
        due_at=due,
        look_at=look,
    )


def _outage_figure(terms: TimeTerms, downtime: Downtime, tickets: int) -> Figure:
    if downtime.availability is None:
        return Figure(None, 0)
    value = downtime.availability if terms.what == "availability" else downtime.minutes
    return Figure(value, max(1, tickets))


def _next_limit(
    terms: TimeTerms,
    calendar: Calendar,
    interruptions: Sequence[Interruption],
    used: float,
    longest_minutes: float,
    allowed: float,
    window: Window,
) -> tuple[datetime | None, datetime | None]:
    """While something is down: when what is allowed will be used up, and when the clause will be at risk or broken."""
    if window.over or all(item.restored_at is not None for item in interruptions):
        return None, None
    hours = clock_of(terms.clock, calendar)

    def reaches(amount: float) -> datetime | None:
        left = timedelta(minutes=amount - used)
        if left < timedelta():
            return None
        try:
            at = add_working_time(hours, window.until, left)
        except NoWorkingTime:
            return None
        return at if at < window.end else None

    due = reaches(allowed)
    warned = reaches(allowed * terms.warn_at)
    watched = terms.longest_minutes is not None and longest_minutes <= terms.longest_minutes
    longest = window.until + _MINUTE if watched else None
    soonest = min((at for at in (warned, due, longest) if at is not None), default=None)
    return due, None if soonest is None else max(soonest, window.until) + timedelta(seconds=1)


def judge_count(
    terms: CountTerms,
    counted: Sequence[tuple[datetime, float, UUID | None]],
    excluded: Sequence[Excluded],
    window: Window,
) -> Outcome:
    """R135, R165, F12: incidents of the period, or the worst number that was reported in it; at most, or at least.

    `counted` are moments with their number, and their ticket where there is one.
    """
    left = [item for item in counted if not any(_is_spared(item, span) for span in excluded)]
    raw, adjusted = _count(terms, counted), _count(terms, left)
    value = adjusted.value
    used = allowed = None
    if terms.at_most is not None:
        kept = value is not None and value <= terms.at_most
        verdict = _verdict(value, window, kept, decided=not kept)
        used, allowed = value, terms.at_most
    else:
        assert terms.at_least is not None
        kept = value is not None and value >= terms.at_least
        verdict = _verdict(value, window, kept, decided=terms.counts == "reported" and not kept)
    return Outcome(raw, float(len(counted) - len(left)), adjusted, verdict, used=used, allowed=allowed)


def _is_spared(item: tuple[datetime, float, UUID | None], span: Excluded) -> bool:
    moment, _, ticket_id = item
    covered = span.tickets is None if ticket_id is None else span.covers(ticket_id)
    return covered and span.begin <= moment < span.end


def _count(terms: CountTerms, counted: Sequence[tuple[datetime, float, UUID | None]]) -> Figure:
    if terms.counts == "incidents":
        return Figure(float(len(counted)), max(1, len(counted)))
    if not counted:
        return Figure(None, 0)
    worst = max if terms.at_most is not None else min
    return Figure(worst(number for _, number, _ in counted), len(counted))


def judge_frequency(
    terms: FrequencyTerms, occurrences: Sequence[datetime], excluded: Sequence[Excluded], window: Window
) -> Outcome:
    """R166: intervals that were longer than promised; one is a miss, and each is named."""
    limit = _MINUTE * (terms.every_minutes + terms.tolerance_minutes)
    spared = _general(excluded)
    raw = find_missed(occurrences, limit, window.begin, window.until)
    adjusted = find_missed(occurrences, limit, window.begin, window.until, spared)
    missed = len(adjusted.missed)
    details = {"missed_intervals": [[begin.isoformat(), end.isoformat()] for begin, end in adjusted.missed]}
    last = max(
        (moment for moment in occurrences if window.begin <= moment < window.until),
        default=reference(occurrences, limit, window.begin, spared),
    )
    due = runs_out_at(last, limit, spared)
    warned = last + (due - last) * WARN_SHARE
    ahead = [at for at in (warned, due) if at > window.until]
    runs = not window.over
    return Outcome(
        raw=Figure(float(len(raw.missed)), raw.judged),
        excluded=float(len(raw.missed) - missed),
        adjusted=Figure(float(missed), adjusted.judged),
        verdict=_verdict(float(missed), window, missed == 0, decided=missed > 0),
        details=details,
        used=in_minutes(window.until - last) if runs else None,
        allowed=in_minutes(due - last) if runs else None,
        due_at=due if runs else None,
        look_at=min(ahead) + timedelta(seconds=1) if runs and ahead and min(ahead) < window.end else None,
    )


def judge_fulfilment(
    terms: FulfilmentTerms,
    fulfilled: Sequence[datetime],
    excluded: Sequence[Excluded],
    window: Window,
    since: datetime,
    due: datetime,
) -> Outcome:
    """R167: supplied with evidence from `since` to before `due`. A due time that lies in excluded time moves to its
    end; beyond the period that leaves nothing to judge."""
    if not window.begin < due <= window.end:
        return Outcome(Figure(None, 0), 0.0, Figure(None, 0), "no_data" if window.over else "open")
    first = min((at for at in fulfilled if at >= since), default=None)
    moved = _moved(due, _general(excluded))
    raw = _fulfilled(first, due, due <= window.until)
    adjusted = _fulfilled(first, moved, moved <= window.until)
    kept = adjusted.value == 1.0
    runs = not window.over and not kept
    ahead = [at for at in (since + (moved - since) * WARN_SHARE, moved) if at > window.until]
    return Outcome(
        raw=raw,
        excluded=float(adjusted.value != raw.value),
        adjusted=adjusted,
        verdict=_verdict(adjusted.value, window, kept, decided=True),
        used=in_minutes(window.until - since) if runs else None,
        allowed=in_minutes(moved - since) if runs else None,
        due_at=moved if runs else None,
        look_at=min(ahead) + timedelta(seconds=1) if runs and ahead else None,
    )


def _fulfilled(first: datetime | None, due: datetime, is_due: bool) -> Figure:
    if first is not None and first < due:
        return Figure(1.0, 1, 1.0)
    return Figure(0.0, 1, 0.0) if is_due else Figure(None, 0)


def _moved(due: datetime, spared: Sequence[Span]) -> datetime:
    """The due time is the first moment that is too late; the one before it must not be excluded."""
    return next((end for begin, end in join(spared) if begin < due <= end), due)


def _general(excluded: Sequence[Excluded]) -> list[Span]:
    return [(item.begin, item.end) for item in excluded if item.tickets is None]


def _verdict(value: float | None, window: Window, kept: bool, decided: bool = False) -> Verdict:
    """While the period runs it is open, unless it is decided already."""
    if value is None:
        return "no_data" if window.over else "open"
    if not window.over and not decided:
        return "open"
    return "kept" if kept else "missed"


def stand(terms: object, outcome: Outcome, now: datetime) -> State:
    """R76, R112: where a clause stands in the period that runs."""
    if outcome.verdict == "missed":
        return "breached"
    share = terms.warn_at if isinstance(terms, TimeTerms) else WARN_SHARE
    if outcome.used is not None and outcome.allowed is not None and outcome.used > 0:
        return "at_risk" if outcome.used >= outcome.allowed * share else "on_track"
    return "on_track"
