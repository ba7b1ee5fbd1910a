"""What makes a calendar sound, and what its hours mean; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

from services.metrics.calendars.problems import (
    NoWorkingHours,
    OverlappingHours,
    UnknownZone,
    UnsoundException,
    UnsoundHours,
)
from services.metrics.calendars.public_holidays import HolidayYear
from services.metrics.calendars.schemas import CalendarBody, ExceptionBody, Why
from shared.calendars import Calendar, Span, hours_on

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIRST_DAY = date(1990, 1, 1)
_LAST_DAY = date(2199, 12, 31)
_DAY_MINUTES = 24 * 60


def check_calendar(body: CalendarBody) -> None:
    """Whether somebody can work by it.

    Raises:
        UnknownZone, UnsoundHours, OverlappingHours, NoWorkingHours, UnsoundException: each with what would be right.
    """
    _check_zone(body.zone)
    week = [getattr(body.week, weekday) for weekday in WEEKDAYS]
    for weekday, hours in zip(WEEKDAYS, week, strict=True):
        _check_day(f"week.{weekday}", hours)
    for number, weekday in enumerate(WEEKDAYS):
        _check_past_midnight(weekday, week[number], WEEKDAYS[(number + 1) % 7], week[(number + 1) % 7])
    _check_day("make_up_hours", body.make_up_hours or ())
    _check_exceptions(body.exceptions)
    if not any(week) and not any(exception.hours for exception in body.exceptions):
        raise NoWorkingHours(
            "week: no weekday has working hours and no exception opens a day; "
            'give a weekday hours, for example "monday": ["09:00-12:00", "13:00-18:00"]'
        )


def read_hours(hours: str) -> Span:
    """`09:00-12:00` as a span."""
    begin, _, finish = hours.partition("-")
    return time.fromisoformat(begin), time(0) if finish == "24:00" else time.fromisoformat(finish)


def write_hours(span: Span) -> str:
    """A span as `09:00-12:00`."""
    begin, finish = span
    return f"{begin:%H:%M}-{'24:00' if finish == time(0) else f'{finish:%H:%M}'}"


def compile_calendar(body: CalendarBody, years: Iterable[HolidayYear]) -> Calendar:
    """The calendar that time is counted by."""
    holidays: set[date] = set()
    exceptions: dict[date, tuple[Span, ...]] = {}
    for year in years:
        holidays.update(year.holidays)
        if body.make_up_hours is not None:
            exceptions.update(dict.fromkeys(year.make_up_workdays, _spans(body.make_up_hours)))
    exceptions.update({exception.day: _spans(exception.hours) for exception in body.exceptions})
    week = tuple(_spans(getattr(body.week, weekday)) for weekday in WEEKDAYS)
    return Calendar(body.zone, week, frozenset(holidays), exceptions)


def explain_day(
    calendar: Calendar,
    reasons: Mapping[date, str],
    years: Mapping[int, HolidayYear],
    day: date,
    *,
    makes_up: bool,
) -> tuple[Sequence[str], Why, str | None]:
    """The hours that begin on this date, why these, and the holiday's name or the exception's reason. `reasons` are
    those of the exceptions; `makes_up` says whether make-up workdays have hours of their own."""
    hours = [write_hours(span) for span in hours_on(calendar, day)]
    if day in reasons:
        return hours, "exception", reasons[day]
    year = years.get(day.year)
    if year is not None and makes_up and day in year.make_up_workdays:
        return hours, "make_up_workday", None
    if year is not None and day in year.holidays:
        return hours, "holiday", year.holidays[day]
    return hours, "weekday", None


def _spans(hours: Iterable[str]) -> tuple[Span, ...]:
    return tuple(read_hours(span) for span in hours)


def _minutes(hours: str) -> tuple[int, int]:
    """From and to in minutes of the day on which it begins; past midnight is beyond 1,440."""
    begin, finish = ((moment.hour * 60 + moment.minute) for moment in read_hours(hours))
    return begin, finish if finish > begin else finish + _DAY_MINUTES


def _check_zone(zone: str) -> None:
    if zone not in _zones():
        near = get_close_matches(zone, _zones(), 3, 0.5) or ["Asia/Shanghai", "Europe/Berlin", "UTC"]
        raise UnknownZone(f"zone: {zone!r} is no zone of the tz database; did you mean {' or '.join(near)}?")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_day(where: str, hours: Sequence[str]) -> None:
    for span in hours:
        begin, finish = span.split("-")
        if begin == finish:
            raise UnsoundHours(f"{where}: {span} begins and ends at the same time; write 00:00-24:00 for the whole day")
    ordered = sorted(hours, key=_minutes)
    for one, other in pairwise(ordered):
        if _minutes(other)[0] < _minutes(one)[1]:
            raise OverlappingHours(
                f"{where}: {one} and {other} overlap; write them as one span, "
                f"or end the first by {other.partition('-')[0]}"
            )


def _check_past_midnight(weekday: str, hours: Sequence[str], next_day: str, next_hours: Sequence[str]) -> None:
    for span in hours:
        over = _minutes(span)[1] - _DAY_MINUTES
        for other in next_hours:
            if over > _minutes(other)[0]:
                raise OverlappingHours(
                    f"week.{weekday}: {span} runs past midnight into {other} of {next_day}; "
                    f"end it by {other.partition('-')[0]}, or begin {next_day} at {span.partition('-')[2]}"
                )


def _check_exceptions(exceptions: Sequence[ExceptionBody]) -> None:
    seen: set[date] = set()
    for number, exception in enumerate(exceptions):
        if not _FIRST_DAY <= exception.day <= _LAST_DAY:
            raise UnsoundException(
                f"exceptions.{number}: {exception.day} lies outside {_FIRST_DAY} to {_LAST_DAY}; right is a day between"
            )
        if exception.day in seen:
            raise UnsoundException(
                f"exceptions.{number}: {exception.day} is named twice; put all its hours into one exception"
            )
        seen.add(exception.day)
        _check_day(f"exceptions.{number}", exception.hours)


def next_day(day: date) -> date:
    return day + timedelta(days=1)
