"""R166: something happens every so often. A missed interval is a miss, whatever the average."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.metrics.clauses.spans import Span, cut


@dataclass(frozen=True, slots=True)
class Intervals:
    """How many intervals were judged, and those that were longer than promised."""

    judged: int
    missed: tuple[Span, ...]


def find_missed(
    occurrences: Sequence[datetime],
    limit: timedelta,
    begin: datetime,
    end: datetime,
    excluded: Sequence[Span] = (),
) -> Intervals:
    """The intervals of [begin, end) that are longer than `limit`, without the time excluded.

    The first one runs from the last occurrence before the period. Where that one's time had run out before the period
    began, the miss is that period's, and here the interval runs from the period's begin; so it does without any
    occurrence before. The last one runs to `end`, which is the period's or now.
    """
    points = [reference(occurrences, limit, begin, excluded)]
    points += sorted(moment for moment in occurrences if begin <= moment < end)
    points.append(end)
    pairs = list(pairwise(points))
    return Intervals(len(pairs), tuple(pair for pair in pairs if _length(pair, excluded) > limit))


def reference(
    occurrences: Sequence[datetime], limit: timedelta, begin: datetime, excluded: Sequence[Span] = ()
) -> datetime:
    """From when the first interval of a period runs."""
    last = max((moment for moment in occurrences if moment < begin), default=None)
    return last if last is not None and _length((last, begin), excluded) <= limit else begin


def runs_out_at(last: datetime, limit: timedelta, excluded: Sequence[Span] = ()) -> datetime:
    """When the interval since `last` becomes longer than promised."""
    at = last + limit
    while True:
        moved = last + limit + sum((end - begin for begin, end in _inside(last, at, excluded)), timedelta())
        if moved <= at:
            return at
        at = moved


def _length(span: Span, excluded: Sequence[Span]) -> timedelta:
    return sum((end - begin for begin, end in cut([span], excluded)), timedelta())


def _inside(begin: datetime, end: datetime, excluded: Sequence[Span]) -> list[Span]:
    left_out = cut([(begin, end)], excluded)
    return cut([(begin, end)], left_out)
