"""What may be handed in for a period, and when it was due; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.metrics.measures.periods import Frequency, is_over, next_period, period_of, starts_at
from services.metrics.measures.rules import DataKind


class UnsoundReport(ValueError):
    """What was handed in cannot be the value: says what would be."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A reported value over `n` cases; `numerator` for proportions."""

    value: float
    numerator: float | None
    n: int


def read_figures(data_kind: DataKind, value: float | None, numerator: float | None, n: int | None) -> Figures:
    """The figures as they are kept (R30): a proportion from its parts, or its value over n; a count is its own n.

    Raises:
        UnsoundReport: says what is missing or does not fit.
    """
    if data_kind == "proportion":
        if n is None or n < 1:
            raise UnsoundReport("n: a proportion needs the number of cases it is over, at least 1; without any, wait")
        if numerator is not None:
            if numerator > n:
                raise UnsoundReport(f"numerator: {numerator:g} of {n} cannot be; give at most n")
            if value is not None and abs(value - numerator / n) > 5e-7:
                raise UnsoundReport(f"value: {value:g} is not numerator / n, {numerator / n:g}; leave one out")
            return Figures(numerator / n, numerator, n)
        if value is None:
            raise UnsoundReport("value, numerator: give the numerator, or the value, of the proportion")
        if not 0 <= value <= 1:
            raise UnsoundReport(f"value: {value:g} is not between 0 and 1; write 75 % as 0.75")
        return Figures(value, value * n, n)
    if numerator is not None:
        raise UnsoundReport(f"numerator: only a proportion has one; give the value of the {data_kind}")
    if value is None:
        raise UnsoundReport("value: is missing")
    if data_kind != "value" and value < 0:
        raise UnsoundReport(f"value: {value:g} is negative, and a {data_kind} never is")
    if data_kind == "count":
        if value != int(value):
            raise UnsoundReport(f"value: {value:g} is no whole number, and a count is")
        return Figures(value, None, int(value) if n is None else n)
    return Figures(value, None, 1 if n is None else n)


def due_at(frequency: Frequency, period: date, collection_days: int, zone: tzinfo) -> datetime:
    """R31: so many days after the period's end."""
    return starts_at(next_period(frequency, period) + timedelta(days=collection_days), zone)


def periods_due(
    frequency: Frequency, defined_on: date, collection_days: int, now: datetime, zone: tzinfo, most: int
) -> Iterator[date]:
    """The newest `most` periods, the newest first, that ended after the measure was defined and whose data are due by
    now."""
    end = period_of(frequency, now.astimezone(zone).date())
    first = period_of(frequency, defined_on)
    period = end
    for _ in range(most + 24):
        if period < first or most == 0:
            return
        is_closed = is_over(next_period(frequency, period), now, zone)
        if is_closed and due_at(frequency, period, collection_days, zone) <= now:
            most -= 1
            yield period
        period = period_of(frequency, period - timedelta(days=1))
