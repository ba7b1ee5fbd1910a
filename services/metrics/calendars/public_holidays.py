"""Public holidays and make-up workdays (调休) by country, from the `holidays` library, in the country's language."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import COUNTRIES

from services.metrics.calendars.problems import UnknownCountry

EARLIEST_YEAR = 1990


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """`holidays` by name; `make_up_workdays` are days at a weekend that are worked for a day off in the week."""

    holidays: Mapping[date, str]
    make_up_workdays: frozenset[date]


def check_country(country: str | None, subdivision: str | None) -> None:
    """Raises `UnknownCountry`, with the codes that would do."""
    if country is None:
        if subdivision is not None:
            raise UnknownCountry(
                f"subdivision: {subdivision!r} is a part of no country; name the country, for example DE"
            )
        return
    if country not in _countries():
        near = ", ".join(sorted(code for code in _countries() if code[0] == country[:1])) or "CN, DE or US"
        raise UnknownCountry(f"country: {country!r} is no country of ISO 3166 whose holidays are known, such as {near}")
    if subdivision is None:
        return
    known = getattr(holidays, country).subdivisions
    if subdivision not in known:
        which = f"one of {', '.join(known)}" if known else "none: leave it out"
        raise UnknownCountry(f"subdivision: {country} has no part {subdivision!r}; right would be {which}")


@lru_cache(maxsize=2048)
def holidays_of(country: str, subdivision: str | None, year: int) -> HolidayYear:
    """That year's holidays as the library knows them; none in a year of which it knows nothing."""
    entity = getattr(holidays, country)
    if not entity.start_year <= year <= entity.end_year:
        return HolidayYear({}, frozenset())
    known = holidays.country_holidays(
        country, subdiv=subdivision, years=[year], expand=False, language=entity.default_language
    )
    made_up = {day for day in known.weekend_workdays if day.year == year}
    return HolidayYear(dict(sorted(known.items())), frozenset(made_up))


@cache
def _countries() -> Collection[str]:
    return frozenset(codes[1] for codes in COUNTRIES.values())
