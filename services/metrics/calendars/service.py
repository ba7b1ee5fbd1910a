"""Use cases of calendars: people define them; clauses, timers and pages count time by them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.calendars import repository
from services.metrics.calendars.problems import BuiltInCalendar, CalendarInUse, CalendarNotFound
from services.metrics.calendars.public_holidays import EARLIEST_YEAR, HolidayYear, check_country, holidays_of
from services.metrics.calendars.rules import WEEKDAYS, check_calendar, compile_calendar
from services.metrics.calendars.schemas import CalendarBody, CalendarView, Week
from shared import clock
from shared.calendars import ALWAYS, Calendar
from shared.http import check_version
from shared.ids import new_id
from shared.problems import LostUpdate

ALWAYS_KEY = "always"
BUILT_IN = CalendarView(
    key=ALWAYS_KEY,
    name="Around the clock, every day",
    zone=ALWAYS.zone,
    week=Week(**dict.fromkeys(WEEKDAYS, ("00:00-24:00",))),
    version=1,
    edited_by="ratchet",
    edited_at=None,
)
_YEARS_AHEAD = 10
_MOST_COMPILED = 256
_compiled: dict[tuple[UUID, int], Calendar] = {}


async def find_calendar(session: AsyncSession, key: str) -> Calendar:
    """The calendar that time is counted by, with its holidays from 1990 until ten years ahead.

    Raises:
        CalendarNotFound: neither `always` nor one that somebody defined.
    """
    if key == ALWAYS_KEY:
        return ALWAYS
    row = await _find_row(session, key)
    year = clock.now().year
    calendar = _compiled.get((row.content_id, year))
    if calendar is None:
        calendar = compile_calendar(read_body(row), (await _holiday_years(session, row, year)).values())
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()
        _compiled[row.content_id, year] = calendar
    return calendar


async def get_calendar(session: AsyncSession, key: str) -> CalendarView:
    """One calendar as it stands.

    Raises:
        CalendarNotFound.
    """
    return BUILT_IN if key == ALWAYS_KEY else CalendarView.model_validate(await _find_row(session, key))


async def list_calendars(session: AsyncSession, after: str, limit: int) -> list[CalendarView]:
    """By key, behind `after`; the built-in one among them."""
    views = [CalendarView.model_validate(row) for row in await repository.list_calendars(session, after, limit)]
    if after < ALWAYS_KEY:
        views.append(BUILT_IN)
    return sorted(views, key=lambda view: view.key)[:limit]


async def put_calendar(
    session: AsyncSession, key: str, body: CalendarBody, if_match: str | None, actor: str
) -> CalendarView:
    """Define a calendar, or give it a new version; the old ones stay to be read.

    Raises:
        BuiltInCalendar, PreconditionRequired, LostUpdate, UnknownCountry, and what `check_calendar` raises.
    """
    if key == ALWAYS_KEY:
        raise BuiltInCalendar(f"the calendar '{ALWAYS_KEY}' is built in; define one under another key")
    check_calendar(body)
    check_country(body.country, body.subdivision)
    known = await repository.lock_calendar(session, key)
    if known is not None:
        check_version(if_match, known.version)
    now = clock.now()
    version = (known.version if known else await repository.last_version(session, key)) + 1
    content = body.model_dump(mode="json")
    stamp = {"version": version, "edited_by": actor, "edited_at": now}
    values = {"key": key, **content, "content_id": new_id(), **stamp}
    if known is not None:
        await repository.update_calendar(session, key, values)
    elif not await repository.insert_calendar(session, values):
        raise LostUpdate(f"somebody else added the calendar '{key}' just now; read it and repeat your change")
    await repository.insert_version(session, {"key": key, "content": content, **stamp})
    if body.country is not None:
        await keep_years(session, body.country, body.subdivision or "", range(EARLIEST_YEAR, now.year + 1))
    return await get_calendar(session, key)


async def delete_calendar(session: AsyncSession, key: str, if_match: str | None) -> None:
    """Take it away; its versions stay.

    Raises:
        BuiltInCalendar, CalendarNotFound, CalendarInUse, PreconditionRequired, LostUpdate.
    """
    if key == ALWAYS_KEY:
        raise BuiltInCalendar(f"the calendar '{ALWAYS_KEY}' is built in and stays")
    known = await repository.lock_calendar(session, key)
    if known is None:
        raise CalendarNotFound(_not_found(key))
    check_version(if_match, known.version)
    users = await repository.list_users(session, key, 10)
    if users:
        raise CalendarInUse(
            f"{', '.join(users)} go by the calendar '{key}'; give them another one first", users=list(users)
        )
    await repository.delete_calendar(session, key)


async def keep_years(session: AsyncSession, country: str, subdivision: str, years: Iterable[int]) -> None:
    """Write down these years' holidays: no later version of the library changes a year that has begun."""
    kept = []
    for year in years:
        known = holidays_of(country, subdivision or None, year)
        names = {day.isoformat(): name for day, name in known.holidays.items()}
        made_up = sorted(day.isoformat() for day in known.make_up_workdays)
        kept.append(
            {
                "country": country,
                "subdivision": subdivision,
                "year": year,
                "holidays": names,
                "make_up_workdays": made_up,
            }
        )
    await repository.keep_holiday_years(session, kept)


async def keep_begun_year(session: AsyncSession, now: datetime, most: int) -> int:
    """How many countries' holidays of the present year were written down."""
    missing = await repository.list_countries_without(session, now.year, most)
    for row in missing:
        await keep_years(session, row.country, row.subdivision, [now.year])
    return len(missing)


async def holiday_years_of(session: AsyncSession, key: str) -> Mapping[int, HolidayYear]:
    """The public holidays that the calendar goes by.

    Raises:
        CalendarNotFound.
    """
    if key == ALWAYS_KEY:
        return {}
    return await _holiday_years(session, await _find_row(session, key), clock.now().year)


def read_body(source: object) -> CalendarBody:
    """What a person wrote, from a row or a view."""
    return CalendarBody.model_validate(source, from_attributes=True)


async def _find_row(session: AsyncSession, key: str) -> Row[Any]:
    row = await repository.get_calendar(session, key)
    if row is None:
        raise CalendarNotFound(_not_found(key))
    return row


def _not_found(key: str) -> str:
    return f"there is no calendar '{key}'; '{ALWAYS_KEY}' is built in, others are defined by PUT /v1/calendars/{{key}}"


async def _holiday_years(session: AsyncSession, row: Row[Any], now_year: int) -> Mapping[int, HolidayYear]:
    """Years that are written down as they are there, others as the library knows them today."""
    if row.country is None:
        return {}
    years = {
        year: holidays_of(row.country, row.subdivision, year)
        for year in range(EARLIEST_YEAR, now_year + _YEARS_AHEAD + 1)
    }
    kept = await repository.list_holiday_years(session, row.country, row.subdivision or "")
    years.update({one.year: _read_year(one.holidays, one.make_up_workdays) for one in kept})
    return years


def _read_year(holidays: Mapping[str, str], made_up: Sequence[str]) -> HolidayYear:
    names = {date.fromisoformat(day): name for day, name in holidays.items()}
    return HolidayYear(names, frozenset(map(date.fromisoformat, made_up)))
