"""Working days: Monday to Friday without the public holidays of a country; make-up workdays (调休) count.

A limit is an amount of working time as settings write it: `30m` and `4h` are working minutes and hours, `0d` is the end
of the working day on which it begins, `3d` the end of the third working day after that one.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

import holidays
from holidays.registry import COUNTRIES
from pydantic import AfterValidator, StringConstraints

from shared.calendars import Calendar, NoWorkingTime, Span, add_working_time, hours_on

Limit: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d{0,3})[mhd]$")]


def _is_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no zone like Asia/Shanghai")
    return name


def _is_country(code: str | None) -> str | None:
    if code and code not in {codes[1] for codes in COUNTRIES.values()}:
        raise ValueError(f"{code!r} is no country of ISO 3166 whose holidays are known, such as CN, DE or US")
    return code or None


TimeZone: TypeAlias = Annotated[str, AfterValidator(_is_zone)]
"""A zone of the IANA database, as settings name it."""
HolidayCountry: TypeAlias = Annotated[str | None, AfterValidator(_is_country)]
"""Whose public holidays are days off (ISO 3166); None, which settings may write as empty: nobody's."""

WHOLE_DAY: tuple[Span, ...] = ((time(0), time(0)),)
_YEARS_AHEAD = 3
_MOST_DAYS = 20_000


def working_days(zone: str, country: str | None, around: datetime, hours: tuple[Span, ...] = WHOLE_DAY) -> Calendar:
    """The calendar of the years about this moment: each working day has these hours, all 24 by default."""
    return _of_years(zone, country, around.year, hours)


def read_hours(written: str | None) -> tuple[Span, ...]:
    """Working hours as settings write them, `09:00-18:00`; the whole day when there are none."""
    if not written:
        return WHOLE_DAY
    begin, end = written.split("-")
    return ((time.fromisoformat(begin), time.fromisoformat(end)),)


def find_end(calendar: Calendar, start: datetime, limit: str) -> datetime:
    """When the limit that begins at `start` ends, in UTC. What begins after hours or on a day off begins on the next
    working day.

    Raises:
        NoWorkingTime: the calendar holds too little.
    """
    amount, unit = int(limit[:-1]), limit[-1]
    if unit != "d":
        return add_working_time(calendar, start, timedelta(**{"minutes" if unit == "m" else "hours": amount}))
    day = start.astimezone(ZoneInfo(calendar.zone)).date()
    for _ in range(_MOST_DAYS):
        end = _end_of(calendar, day)
        if end is not None and end > start:
            if amount == 0:
                return end
            amount -= 1
        day += timedelta(days=1)
    raise NoWorkingTime(f"no working day ends within {_MOST_DAYS} days after {start.isoformat()}")


def _end_of(calendar: Calendar, day: date) -> datetime | None:
    """When the last of this day's hours end; None on a day off."""
    spans = hours_on(calendar, day)
    if not spans:
        return None
    begin, end = max(spans)
    last = day if end > begin else day + timedelta(days=1)
    return datetime.combine(last, end, ZoneInfo(calendar.zone)).astimezone(UTC)


@lru_cache(maxsize=64)
def _of_years(zone: str, country: str | None, year: int, hours: tuple[Span, ...]) -> Calendar:
    week = (hours,) * 5 + ((),) * 2
    if country is None:
        return Calendar(zone, week)
    years = range(year - 1, year + _YEARS_AHEAD + 1)
    known = holidays.country_holidays(country, years=years)
    worked: dict[date, tuple[Span, ...]] = dict.fromkeys(known.weekend_workdays, hours)
    return Calendar(zone, week, frozenset(known), worked)
