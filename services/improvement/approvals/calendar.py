"""Working days: Monday to Friday without the public holidays of a country; make-up workdays (调休) count."""

from datetime import date, datetime, time
from functools import lru_cache

import holidays

from shared.calendars import Calendar, Span

_WHOLE_DAY: tuple[Span, ...] = ((time(0), time(0)),)
_WEEK = (_WHOLE_DAY,) * 5 + ((),) * 2
_YEARS_AHEAD = 3


def working_days(zone: str, country: str | None, around: datetime) -> Calendar:
    """The calendar of the years about this moment: a working day has 24 hours of working time."""
    return _of_years(zone, country, around.year)


@lru_cache(maxsize=64)
def _of_years(zone: str, country: str | None, year: int) -> Calendar:
    if country is None:
        return Calendar(zone, _WEEK)
    years = range(year - 1, year + _YEARS_AHEAD + 1)
    known = holidays.country_holidays(country, years=years)
    worked: dict[date, tuple[Span, ...]] = dict.fromkeys(known.weekend_workdays, _WHOLE_DAY)
    return Calendar(zone, _WEEK, frozenset(known), worked)
