"""What the calendars' REST takes and answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.fields import Body, Name

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
Hours = Annotated[str, StringConstraints(pattern=rf"^{_TIME}-({_TIME}|24:00)$", max_length=11)]
"""A span by the wall clock, for example 09:00-12:00; 22:00-06:00 runs past midnight, 00:00-24:00 is the whole day."""

DayHours = Annotated[tuple[Hours, ...], Field(max_length=24)]
Why = Literal["weekday", "holiday", "make_up_workday", "exception"]


class Week(Body):
    """The regular hours of each weekday; a day that is left out is closed."""

    monday: DayHours = ()
    tuesday: DayHours = ()
    wednesday: DayHours = ()
    thursday: DayHours = ()
    friday: DayHours = ()
    saturday: DayHours = ()
    sunday: DayHours = ()


class ExceptionBody(Body):
    """A date with hours of its own, none for closed; it wins over weekday and holiday."""

    day: date
    hours: DayHours = ()
    reason: Name


class CalendarBody(Body):
    """When people work. `country` (ISO 3166) brings its public holidays. Where the country has make-up workdays (调休),
    `make_up_hours` are worked on them; without it they are as their weekday."""

    name: Name
    zone: Annotated[str, Field(max_length=100)]
    week: Week
    country: Annotated[str | None, Field(max_length=2)] = None
    subdivision: Annotated[str | None, Field(max_length=20)] = None
    make_up_hours: DayHours | None = None
    exceptions: Annotated[tuple[ExceptionBody, ...], Field(max_length=2000)] = ()


class CalendarView(CalendarBody):
    """A calendar as it stands; `always` is built in."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    version: int
    edited_by: str
    edited_at: datetime | None


class CalendarVersionView(BaseModel):
    """What the calendar was; newest first."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    content: dict[str, Any]
    edited_by: str
    edited_at: datetime


class DayView(BaseModel):
    """One date: the hours that begin on it and why. `name` is the holiday's, or the exception's reason.
    `working_seconds` are those of the date itself, by the zone's clock."""

    day: date
    hours: list[str]
    why: Why
    name: str | None
    working_seconds: int


class DaysView(BaseModel):
    """The dates in their order."""

    zone: str
    days: list[DayView]


class WorkingTimeView(BaseModel):
    """Working time in [`from`, `to`)."""

    seconds: float
    hours: float
