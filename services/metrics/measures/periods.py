"""Calendar months, in which values are told. A month is named by its first day; it ends where the next begins."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Literal

Basis = Literal["opened", "resolved", "closed"]
"""By which of its times a ticket belongs to a month."""


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous_month(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def months_between(first: date, last: date) -> Iterator[date]:
    """Every month from the one of `first` to the one of `last`, both included."""
    month = month_of(first)
    while month <= last:
        yield month
        month = next_month(month)


def starts_at(month: date) -> datetime:
    """The first moment of the month, in UTC."""
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def is_over(month: date, now: datetime) -> bool:
    """Whether the month has ended."""
    return starts_at(next_month(month)) <= now
