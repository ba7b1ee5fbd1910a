"""Availability and what it hides: the longest outage, their number, the worst day, the loss of working hours (R133,
R134, R179, F10).

Interruptions that overlap are one outage. An outage is down for every service of the clause: with several services
the agreement's service is unavailable while any of them is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.metrics.clauses.spans import Clock, Span, clip, clock_of, cut, in_minutes, join, measure
from shared.calendars import Calendar, working_spans


@dataclass(frozen=True, slots=True)
class Interruption:
    """A ticket's interruption from the fault to the last restoration; None while it lasts."""

    ticket_id: UUID
    failed_at: datetime
    restored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Excluded:
    """Time that both parties agreed not to count: for all tickets, or for those named."""

    begin: datetime
    end: datetime
    tickets: frozenset[UUID] | None = None

    def covers(self, ticket_id: UUID) -> bool:
        return self.tickets is None or ticket_id in self.tickets


@dataclass(frozen=True, slots=True)
class Downtime:
    """What interruptions took from one period, in minutes of the clause's clock.

    `availability` is None without agreed time (F10). `working_minutes` is the loss by the agreement's calendar,
    whatever the clause's clock. `worst_day` is the day of the calendar's zone that lost most.
    """

    agreed_minutes: float
    excluded_minutes: float
    minutes: float
    availability: float | None
    outages: int
    longest_minutes: float
    working_minutes: float
    worst_day: date | None
    worst_day_minutes: float


def measure_downtime(
    calendar: Calendar,
    clock: Clock,
    interruptions: Collection[Interruption],
    excluded: Sequence[Excluded],
    begin: datetime,
    end: datetime,
) -> Downtime:
    """F10: availability = (agreed − excluded − downtime) / (agreed − excluded) in [begin, end).

    Time excluded for named tickets is only what these tickets were down in it, and nothing that another one was down
    as well.
    """
    hours = clock_of(clock, calendar)
    down: list[Span] = []
    spared: list[Span] = [(item.begin, item.end) for item in excluded if item.tickets is None]
    for interruption in interruptions:
        span = (interruption.failed_at, interruption.restored_at or end)
        cuts = [(item.begin, item.end) for item in excluded if item.covers(interruption.ticket_id)]
        down += cut([span], cuts)
        spared += [part for item in excluded if item.covers(interruption.ticket_id) for part in _within(span, item)]
    outages = clip(down, begin, end)
    left_out = cut(clip(spared, begin, end), outages)
    agreed = measure(hours, [(begin, end)])
    out = measure(hours, left_out)
    lost = measure(hours, outages)
    each = [taken for taken in (measure(hours, [outage]) for outage in outages) if taken]
    worst = _worst_day(hours, calendar, outages)
    counted = agreed - out
    return Downtime(
        agreed_minutes=in_minutes(agreed),
        excluded_minutes=in_minutes(out),
        minutes=in_minutes(lost),
        availability=(counted - lost) / counted if counted else None,
        outages=len(each),
        longest_minutes=in_minutes(max(each, default=timedelta())),
        working_minutes=in_minutes(measure(calendar, outages)),
        worst_day=worst[0],
        worst_day_minutes=in_minutes(worst[1]),
    )


def mean_time_to_restore(interruptions: Iterable[Interruption]) -> timedelta | None:
    """F11: Σ(restored − failed) / n over those that were restored, by the wall clock; None without any."""
    taken = [item.restored_at - item.failed_at for item in interruptions if item.restored_at is not None]
    return sum(taken, timedelta()) / len(taken) if taken else None


def _within(span: Span, item: Excluded) -> list[Span]:
    return join([(max(span[0], item.begin), min(span[1], item.end))])


def _worst_day(hours: Calendar, calendar: Calendar, outages: Sequence[Span]) -> tuple[date | None, timedelta]:
    """The day that lost most, the first of equals."""
    zone = ZoneInfo(calendar.zone)
    lost: dict[date, timedelta] = defaultdict(timedelta)
    for outage in outages:
        for begin, end in working_spans(hours, *outage):
            at = begin
            while at < end:
                day = at.astimezone(zone).date()
                midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
                until = min(end, midnight.astimezone(begin.tzinfo))
                lost[day] += until - at
                at = until
    if not lost:
        return None, timedelta()
    worst = max(sorted(lost), key=lambda day: lost[day])
    return worst, lost[worst]
