"""What was computed or reported for a scope, and whether that is news; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from services.metrics.measures.rules import ALL, DataKind
from services.metrics.observations.schemas import Outages


@dataclass(frozen=True, slots=True)
class Computed:
    """One scope's value of a period: `missing` counts what ought to have been in it and could not be."""

    scope: str
    value: float | None
    numerator: float | None
    n: int
    missing: int = 0


def combine(data_kind: DataKind, statistic: str, values: Sequence[Computed]) -> Computed | None:
    """Several periods as one: proportions add up by their parts, counts by their sum, means weighted by n. None where
    it cannot be told from the periods (quantiles, reported numbers) or there are none."""
    known = [value for value in values if value.value is not None]
    n = sum(value.n for value in known)
    missing = sum(value.missing for value in values)
    if not known:
        return None
    if data_kind == "proportion":
        numerator = sum(value.numerator or 0.0 for value in known)
        return Computed(known[0].scope or ALL, numerator / n if n else None, numerator, n, missing)
    if data_kind == "count":
        return Computed(known[0].scope, sum(value.value or 0.0 for value in known), None, n, missing)
    if data_kind == "duration" and statistic == "mean":
        total = sum((value.value or 0.0) * value.n for value in known)
        return Computed(known[0].scope, total / n, None, n, missing)
    return None


def forecast_year(data_kind: DataKind, so_far: Computed | None, done: int, total: int) -> float | None:
    """R78: the whole year if the rest is like the `done` of `total` periods: a count grows in proportion, a rate or a
    mean stays."""
    if so_far is None or so_far.value is None or done == 0:
        return None
    return so_far.value / done * total if data_kind == "count" else so_far.value


def needed_rest(
    data_kind: DataKind, so_far: Computed | None, done: int, total: int, target: float | None
) -> float | None:
    """R78: what the remaining periods must reach, each with as many cases as those so far, for the year's target to be
    met; beyond what a share can be, it is out of reach. A count is what is left in all; None where it is undefined."""
    if so_far is None or so_far.value is None or target is None or done in (0, total):
        return None
    if data_kind == "count":
        return target - so_far.value
    return (target * total - so_far.value * done) / (total - done)


def summarise_outages(period: str, spans: Iterable[tuple[datetime, datetime]], zone: tzinfo) -> Outages:
    """R179: how many separate interruptions, the longest, the sum, and the day that lost most, by local midnight."""
    by_day: dict[datetime, float] = {}
    lengths = []
    for start, end in spans:
        lengths.append(_hours(end - start))
        begin = start
        while begin < end:
            local = begin.astimezone(zone)
            day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
            midnight = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
            stop = min(end, midnight.astimezone(end.tzinfo))
            by_day[day] = by_day.get(day, 0.0) + _hours(stop - begin)
            begin = stop
    worst = max(by_day, key=lambda day: by_day[day], default=None)
    return Outages(
        period=period,
        count=len(lengths),
        longest_hours=max(lengths, default=0.0),
        lost_hours=sum(lengths),
        worst_day=worst.date() if worst else None,
        worst_day_hours=by_day[worst] if worst else 0.0,
    )


def _hours(length: timedelta) -> float:
    return length.total_seconds() / 3600
