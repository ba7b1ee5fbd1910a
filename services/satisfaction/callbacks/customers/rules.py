"""When a customer may be called: quiet hours by the customer's wall clock. Values in, verdict out."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from shared.problems import Problem

NONE = "none"
"""How a customer's own quiet hours say that there are none."""
AGREED_HOLDS = timedelta(hours=1)
"""A time that was agreed with the customer counts for so long, whatever the quiet hours say."""
_DAY = timedelta(days=1)


class UnknownZone(Problem):
    """A zone is named as the zone database names it."""

    status = 422


@dataclass(frozen=True, slots=True)
class Hours:
    """Quiet from `begin` up to and without `end` by the wall clock of `zone`, past midnight where `end` is not later;
    none where both are the same."""

    zone: str
    begin: time = time(0)
    end: time = time(0)


def read_hours(zone: str, quiet_hours: str) -> Hours:
    """`21:00-08:00` in this zone; empty or `none` is no quiet hours."""
    if quiet_hours in ("", NONE):
        return Hours(zone)
    begin, end = quiet_hours.split("-")
    return Hours(zone, time.fromisoformat(begin), time.fromisoformat(end))


def write_word(zone: str | None, quiet_hours: str | None) -> str | None:
    """A customer's own zone and quiet hours as one word; None where both are the installation's."""
    return None if zone is None and quiet_hours is None else f"{zone or ''} {quiet_hours or ''}"


@lru_cache(maxsize=4096)
def read_word(word: str | None, zone: str, quiet_hours: str) -> Hours:
    """The hours that a customer's word means; what it leaves open is the installation's."""
    own_zone, own_hours = (word or " ").split(" ")
    return read_hours(own_zone or zone, own_hours or quiet_hours)


def check_zone(zone: str | None) -> None:
    """Raises `UnknownZone`."""
    if zone is not None and zone not in available_timezones():
        raise UnknownZone(f"body.zone: '{zone}' is no zone like Asia/Shanghai or Europe/Berlin")


def is_quiet(hours: Hours, moment: datetime) -> bool:
    """Whether nobody calls now."""
    return _find_end(hours, moment) is not None


def leave_quiet(hours: Hours, moment: datetime) -> datetime:
    """This moment, or the end of the quiet hours in which it lies."""
    return _find_end(hours, moment) or moment


def find_call_by(hours: Hours, due_at: datetime) -> datetime:
    """The deadline, or the beginning of the quiet hours in which it lies: the last moment at which to call."""
    local = due_at.astimezone(ZoneInfo(hours.zone))
    # The deadline itself still counts, so a deadline at which the quiet hours begin lies before them.
    if _find_end(hours, due_at) is None or local.time() == hours.begin:
        return due_at
    day = local.date() if local.time() > hours.begin else local.date() - _DAY
    return datetime.combine(day, hours.begin, local.tzinfo).astimezone(UTC)


def find_callable_from(hours: Hours, now: datetime, next_attempt_at: datetime | None) -> datetime:
    """From when on the customer may be called: an agreed time is the customer's own word, else after quiet hours."""
    if next_attempt_at is not None and next_attempt_at > now:
        return next_attempt_at
    if next_attempt_at is not None and now - next_attempt_at <= AGREED_HOLDS:
        return now
    return leave_quiet(hours, now)


Obstacle = Literal["quiet_hours", "agreed_time"]


def find_obstacle(hours: Hours, now: datetime, due_at: datetime, next_attempt_at: datetime | None) -> Obstacle | None:
    """What keeps a call from being made before a deadline that is still to come; None where it can be made."""
    if due_at < now or find_callable_from(hours, now, next_attempt_at) <= due_at:
        return None
    return "agreed_time" if next_attempt_at is not None and next_attempt_at > due_at else "quiet_hours"


def _find_end(hours: Hours, moment: datetime) -> datetime | None:
    """The end of the quiet hours in which this moment lies; None outside them."""
    if hours.begin == hours.end:
        return None
    local = moment.astimezone(ZoneInfo(hours.zone))
    clock, begin, end = local.time(), hours.begin, hours.end
    if begin < end:
        day = local.date() if begin <= clock < end else None
    elif clock >= begin:
        day = local.date() + _DAY
    else:
        day = local.date() if clock < end else None
    return None if day is None else datetime.combine(day, end, local.tzinfo).astimezone(UTC)
