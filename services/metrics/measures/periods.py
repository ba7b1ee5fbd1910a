"""The periods in which values are told: months, quarters, years. A period is named by its first day; it ends where the
next begins; its days are those of the installation's zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, tzinfo
from typing import Literal

Basis = Literal["opened", "resolved", "closed", "interrupted", "spent", "verified"]
"""By which of its times a ticket belongs to a period; an interruption to every one that it touches, costs to the month
for which they are recorded, an improvement to that of its signature."""

Frequency = Literal["monthly", "quarterly", "yearly"]
_MONTHS: dict[Frequency, int] = {"monthly": 1, "quarterly": 3, "yearly": 12}


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous_month(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """Every month from the one of `first` to the one of `last`, both included."""
    return periods_between("monthly", first, last)


def months_of(frequency: Frequency) -> int:
    """How many months such a period has."""
    return _MONTHS[frequency]


def period_of(frequency: Frequency, day: date) -> date:
    """The first day of the period that this day lies in; quarters begin in January, April, July and October."""
    return date(day.year, (day.month - 1) // _MONTHS[frequency] * _MONTHS[frequency] + 1, 1)


def next_period(frequency: Frequency, start: date) -> date:
    """Where the period that begins at `start` ends."""
    months = start.month - 1 + _MONTHS[frequency]
    return date(start.year + months // 12, months % 12 + 1, 1)


def previous_period(frequency: Frequency, start: date) -> date:
    months = start.month - 1 - _MONTHS[frequency]
    return date(start.year + months // 12, months % 12 + 1, 1)


def periods_between(frequency: Frequency, first: date, last: date) -> Iterator[date]:
    """Every period from the one of `first` to the one of `last`, both included."""
    period = period_of(frequency, first)
    while period <= last:
        yield period
        period = next_period(frequency, period)


def months_apart(earlier: date, later: date) -> int:
    """How many months lie between two periods' first days."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def starts_at(day: date, zone: tzinfo) -> datetime:
    """The first moment of this day in that zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def local_day(moment: datetime, zone: tzinfo) -> date:
    """The day on which a moment falls in that zone."""
    return moment.astimezone(zone).date()


def is_over(end: date, now: datetime, zone: tzinfo) -> bool:
    """Whether the period that ends where `end` begins has ended."""
    return starts_at(end, zone) <= now


def name_of(frequency: Frequency, start: date) -> str:
    """2016-03, 2016-Q1 or 2016."""
    if frequency == "yearly":
        return f"{start.year}"
    if frequency == "quarterly":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}"
