"""Working time: hours of a wall clock in a zone, turned into moments.

A moment is working time when the zone's wall clock then shows a date and time inside that date's hours. So an hour
that the clock repeats in autumn counts twice where it is worked, and an hour that it skips in spring does not count.
A span whose end is not after its start runs past midnight: 22:00–06:00 belongs to the date on which it begins, and
00:00–00:00 is the whole day.

All sums are differences of one running total over the zone's wall clock, kept by whole weeks with corrections for
days that are not as their week: a span of years costs as little as a span of hours.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo

from shared.problems import Problem

Span: TypeAlias = tuple[time, time]
"""From and to by the wall clock; an end that is not after the start lies on the next day, 00:00 is the day's end."""

_Piece: TypeAlias = tuple[int, int]

_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)
_IDLE_YEARS = 10


class NoWorkingTime(Problem):
    """A calendar never reaches the amount of working time that was asked for."""

    status = 422


@dataclass(frozen=True)
class Calendar:
    """When people work.

    `week` has seven entries, Monday first. `holidays` are closed. `exceptions` are dates with hours of their own, ()
    for closed; they win over the week and over holidays, so a make-up workday (调休) is one.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = frozenset()
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError(f"a week has 7 days, Monday first; this one has {len(self.week)}")

    def __hash__(self) -> int:
        return hash((self.zone, self.week, self.holidays, frozenset(self.exceptions.items())))

    @cached_property
    def _total(self) -> "_RunningTotal":
        return _RunningTotal(self)


_WHOLE_DAY: tuple[Span, ...] = ((time(0), time(0)),)

ALWAYS = Calendar(zone="UTC", week=(_WHOLE_DAY,) * 7)


def hours_on(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The hours that begin on this date: its exception's, none on a holiday, else its weekday's."""
    own = calendar.exceptions.get(day)
    if own is not None:
        return own
    return () if day in calendar.holidays else calendar.week[day.weekday()]


def working_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Working time in [start, end); none when the end is not after the start.

    Raises:
        ValueError: a moment without a zone.
    """
    total = calendar._total.at
    spent = 0
    for begin, finish, offset in _stretches(calendar.zone, start, end):
        spent += total(finish + offset) - total(begin + offset)
    return timedelta(microseconds=spent)


def add_working_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime:
    """The first moment, in UTC, by which `amount` of working time has passed since `start`; `start` when it is zero.

    Raises:
        ValueError: a moment without a zone, or a negative amount.
        NoWorkingTime: ten years on end hold none, or the amount ends beyond the year 9999.
    """
    left = amount // _MICROSECOND
    if left < 0:
        raise ValueError(f"an amount of working time is not negative: {amount}")
    if left == 0:
        return _moment(_microseconds(start))
    running = calendar._total
    seen = start.astimezone(UTC).year
    for begin, finish, offset in _stretches(calendar.zone, start, _LAST):
        before = running.at(begin + offset)
        here = running.at(finish + offset) - before
        if here >= left:
            return _moment(running.reach(begin + offset, finish + offset, before + left) - offset)
        left -= here
        year = _moment(begin).year
        if here:
            seen = year
        elif year - seen > _IDLE_YEARS:
            break
    raise NoWorkingTime(
        f"the calendar has {_days(amount)} of working time nowhere after {start.isoformat()}; "
        "give it working hours on some weekday, or remove the exceptions that close it"
    )


def working_spans(calendar: Calendar, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of working time in [start, end), in order and in UTC; those that touch are one.

    Raises:
        ValueError: a moment without a zone.
    """
    open_from = open_to = None
    for begin, finish in _clipped(calendar, start, end):
        if begin == open_to:
            open_to = finish
            continue
        if open_from is not None and open_to is not None:
            yield _moment(open_from), _moment(open_to)
        open_from, open_to = begin, finish
    if open_from is not None and open_to is not None:
        yield _moment(open_from), _moment(open_to)


def _clipped(calendar: Calendar, start: datetime, end: datetime) -> Iterator[_Piece]:
    pieces_on = calendar._total.pieces_on
    for begin, finish, offset in _stretches(calendar.zone, start, end):
        local_begin, local_finish = begin + offset, finish + offset
        for day in range(local_begin // _DAY, (local_finish - 1) // _DAY + 1):
            midnight = day * _DAY
            for piece_from, piece_to in pieces_on(day):
                clipped_from = max(midnight + piece_from, local_begin)
                clipped_to = min(midnight + piece_to, local_finish)
                if clipped_from < clipped_to:
                    yield clipped_from - offset, clipped_to - offset


class _RunningTotal:
    """Working time of a wall clock that is never changed, in microseconds; days are counted from 1970-01-01."""

    def __init__(self, calendar: Calendar) -> None:
        week = calendar.week
        self._week = [_pieces(week[day], week[day - 1]) for day in range(7)]
        self._before_weekday = [0, *accumulate(map(_length, self._week))]
        special = calendar.holidays | set(calendar.exceptions)
        touched = sorted(special | {day + timedelta(days=1) for day in special if day < date.max})
        self._irregular = {
            day.toordinal() - _EPOCH_DAY: _pieces(hours_on(calendar, day), _hours_before(calendar, day))
            for day in touched
        }
        self._irregular_days = list(self._irregular)
        differences = (_length(pieces) - _length(self._regular(day)) for day, pieces in self._irregular.items())
        self._corrections = [0, *accumulate(differences)]

    def pieces_on(self, day: int) -> tuple[_Piece, ...]:
        """The worked parts of this day, from its midnight."""
        irregular = self._irregular.get(day)
        return self._regular(day) if irregular is None else irregular

    def at(self, local: int) -> int:
        """Everything worked before this moment of the wall clock."""
        day, rest = divmod(local, _DAY)
        spent = self._until(day)
        for begin, finish in self.pieces_on(day):
            if rest <= begin:
                break
            spent += min(rest, finish) - begin
        return spent

    def reach(self, begin: int, finish: int, wanted: int) -> int:
        """The first moment in (begin, finish] at which the total is `wanted`."""
        first, last = begin // _DAY, finish // _DAY
        day = first + bisect_left(range(first + 1, last + 1), wanted, key=self._until)
        spent = self._until(day)
        for piece_from, piece_to in self.pieces_on(day):
            if spent + piece_to - piece_from >= wanted:
                return day * _DAY + piece_from + wanted - spent
            spent += piece_to - piece_from
        raise AssertionError(f"{wanted} lies in no piece of day {day}")

    def _until(self, day: int) -> int:
        """Everything worked before this day's midnight."""
        weeks, weekday = divmod(day + 3, 7)
        regular = weeks * self._before_weekday[7] + self._before_weekday[weekday]
        return regular + self._corrections[bisect_left(self._irregular_days, day)]

    def _regular(self, day: int) -> tuple[_Piece, ...]:
        return self._week[(day + 3) % 7]


def _hours_before(calendar: Calendar, day: date) -> tuple[Span, ...]:
    return hours_on(calendar, day - timedelta(days=1)) if day > date.min else ()


def _pieces(own: Iterable[Span], of_day_before: Iterable[Span]) -> tuple[_Piece, ...]:
    """A day's worked parts: its own hours up to midnight and what runs over from the day before, merged."""
    parts = []
    for begin, finish in map(_microseconds_of_span, own):
        parts.append((begin, min(finish, _DAY)))
    for _, finish in map(_microseconds_of_span, of_day_before):
        if finish > _DAY:
            parts.append((0, finish - _DAY))
    merged: list[_Piece] = []
    for begin, finish in sorted(parts):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(finish, merged[-1][1]))
        else:
            merged.append((begin, finish))
    return tuple(merged)


def _microseconds_of_span(span: Span) -> _Piece:
    begin, finish = (
        ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond for moment in span
    )
    return begin, finish if finish > begin else finish + _DAY


def _length(pieces: Iterable[_Piece]) -> int:
    return sum(finish - begin for begin, finish in pieces)


def _stretches(zone: str, start: datetime, end: datetime) -> Iterator[tuple[int, int, int]]:
    """[start, end) cut where the zone's offset changes: from and to in microseconds, and the offset."""
    first, last = _microseconds(start), _microseconds(end)
    if first >= last:
        return
    for year in range(start.astimezone(UTC).year, end.astimezone(UTC).year + 1):
        for begin, finish, offset in _offsets(zone, year):
            if begin >= last:
                return
            if finish > first:
                yield max(begin, first), min(finish, last), offset


@lru_cache(maxsize=4096)
def _offsets(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """This year of UTC cut where the zone's offset changes."""
    clock = ZoneInfo(zone)
    days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 2)
    midnights = [(day - _EPOCH_DAY) * _DAY for day in days]
    changes = [midnights[0]]
    for begin, finish in pairwise(midnights):
        if _offset(clock, begin) != _offset(clock, finish):
            changes.append(_change_between(clock, begin, finish))
    changes.append(midnights[-1])
    return tuple((begin, finish, _offset(clock, begin)) for begin, finish in pairwise(changes) if begin < finish)


def _change_between(clock: ZoneInfo, begin: int, finish: int) -> int:
    """The second at which the offset changes."""
    seconds = range(begin, finish, 1_000_000)
    old = _offset(clock, begin)
    return begin + 1_000_000 * bisect_right(seconds, False, key=lambda moment: _offset(clock, moment) != old)


def _offset(clock: ZoneInfo, moment: int) -> int:
    """East of UTC is positive. The ends of time have the offset of the days next to them."""
    within = max(_microseconds(_FIRST), min(_microseconds(_LAST), moment))
    offset = _moment(within).astimezone(clock).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _microseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone; say which, for example {moment.isoformat()}Z")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _days(amount: timedelta) -> str:
    return f"{amount / timedelta(hours=1):g} hours"
