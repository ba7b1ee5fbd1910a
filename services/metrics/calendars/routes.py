"""REST of calendars."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Path, Query, Response

from services.metrics.calendars import repository, service
from services.metrics.calendars.problems import UnsoundRange
from services.metrics.calendars.rules import explain_day, next_day
from services.metrics.calendars.schemas import (
    CalendarBody,
    CalendarVersionView,
    CalendarView,
    DaysView,
    DayView,
    WorkingTimeView,
)
from shared.auth import Principal, Role, Staff, require
from shared.calendars import Calendar, working_time_between
from shared.fields import Key, Moment
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("calendars")

CalendarKey = Annotated[Key, Path(description="A calendar's key; 'always' is built in.")]
Editor = Annotated[
    Principal,
    Depends(require(Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER)),
]
_MOST_DAYS = 731


@routes.get("/calendars")
async def list_calendars(
    session: Reading, _caller: Staff, limit: Limit = 100, cursor: Cursor = None
) -> Page[CalendarView]:
    """By key."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    views = await service.list_calendars(session, after, limit + 1)
    return page(views, limit, lambda view: encode_cursor(view.key))


@routes.get("/calendars/{key}")
async def get_calendar(key: CalendarKey, session: Reading, _caller: Staff, response: Response) -> CalendarView:
    """One calendar, and its version as ETag."""
    return _answer(response, await service.get_calendar(session, key))


@routes.put("/calendars/{key}")
async def put_calendar(
    key: CalendarKey,
    body: CalendarBody,
    session: Writing,
    caller: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> CalendarView:
    """Define a calendar, or change it (then with If-Match)."""
    return _answer(response, await service.put_calendar(session, key, body, if_match, caller.subject))


@routes.delete("/calendars/{key}", status_code=204)
async def delete_calendar(key: CalendarKey, session: Writing, _caller: Editor, if_match: IfMatch = None) -> None:
    """Take a calendar away that no agreement and no service goes by."""
    await service.delete_calendar(session, key, if_match)


@routes.get("/calendars/{key}/versions")
async def list_versions(
    key: CalendarKey, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[CalendarVersionView]:
    """All that the calendar ever was, newest first; of a deleted one too."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    rows = await repository.list_versions(session, key, before, limit + 1)
    views = [CalendarVersionView.model_validate(row) for row in rows]
    return page(views, limit, lambda view: encode_cursor(view.version))


@routes.get("/calendars/{key}/days")
async def list_days(
    key: CalendarKey,
    session: Reading,
    _caller: Staff,
    from_: Annotated[date, Query(alias="from", description="The first day.")],
    to: Annotated[date, Query(description="The last day, included.")],
) -> DaysView:
    """Each day's hours, and why these: its weekday, a holiday, a make-up workday or an exception."""
    if from_ > to:
        raise UnsoundRange(f"from ({from_}) lies after to ({to}); swap them")
    if not 1990 <= from_.year <= to.year < 2200:
        raise UnsoundRange(f"{from_} to {to} does not lie within 1990-01-01 to 2199-12-31")
    if (to - from_).days >= _MOST_DAYS:
        raise UnsoundRange(f"{from_} to {to} is more than {_MOST_DAYS} days; ask in parts")
    calendar = await service.find_calendar(session, key)
    body = await service.get_calendar(session, key)
    reasons = {exception.day: exception.reason for exception in body.exceptions}
    makes_up = body.make_up_hours is not None
    years = await service.holiday_years_of(session, key)
    days = []
    for number in range((to - from_).days + 1):
        day = from_ + timedelta(days=number)
        hours, why, name = explain_day(calendar, reasons, years, day, makes_up=makes_up)
        days.append(DayView(day=day, hours=hours, why=why, name=name, working_seconds=_seconds_on(calendar, day)))
    return DaysView(zone=calendar.zone, days=days)


@routes.get("/calendars/{key}/working-time")
async def get_working_time(
    key: CalendarKey,
    session: Reading,
    _caller: Staff,
    from_: Annotated[Moment, Query(alias="from", description="Included; with its zone.")],
    to: Annotated[Moment, Query(description="Not included; with its zone.")],
) -> WorkingTimeView:
    """How much working time lies between two moments."""
    if from_ > to:
        raise UnsoundRange(f"from ({from_.isoformat()}) lies after to ({to.isoformat()}); swap them")
    spent = working_time_between(await service.find_calendar(session, key), from_, to)
    return WorkingTimeView(seconds=spent.total_seconds(), hours=spent / timedelta(hours=1))


def _answer(response: Response, view: CalendarView) -> CalendarView:
    response.headers["ETag"] = etag(view.version)
    return view


def _seconds_on(calendar: Calendar, day: date) -> int:
    zone = ZoneInfo(calendar.zone)
    midnights = (datetime.combine(one, time(0), zone) for one in (day, next_day(day)))
    return round(working_time_between(calendar, *midnights).total_seconds())
