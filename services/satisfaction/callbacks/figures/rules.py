"""What the figures of the callbacks are: coverage (F23) and satisfaction (F4). Values in, verdict out."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SATISFIED_FROM = 4
"""F4: a score of 4 or 5 is satisfied."""


def compute_coverage(completed_on_time: int, resolved: int, cancelled: int) -> float | None:
    """F23: completed within 24 h / resolved and not cancelled, from 0 to 1; None without a denominator."""
    asked = resolved - cancelled
    return completed_on_time / asked if asked else None


def compute_satisfaction(scores: Sequence[int]) -> tuple[int, int, float | None, float | None]:
    """F4 of the numbers of answers with score 1 to 5: how many answered and were satisfied, the share of the
    satisfied from 0 to 1 and the mean score; the last two are None where nobody answered."""
    answered, satisfied = sum(scores), sum(scores[SATISFIED_FROM - 1 :])
    if not answered:
        return 0, 0, None, None
    total = sum(score * number for score, number in enumerate(scores, 1))
    return answered, satisfied, satisfied / answered, total / answered


def list_months(first: datetime, last: datetime, zone: str) -> list[datetime]:
    """The beginnings, in UTC, of the zone's months that hold these two moments and all between."""
    clock = ZoneInfo(zone)
    year, month = (local := first.astimezone(clock)).year, local.month
    edges: list[datetime] = []
    while not edges or edges[-1] <= last:
        edges.append(datetime(year, month, 1, tzinfo=clock).astimezone(UTC))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return edges[: bisect_right(edges, last)]


def name_month(begin: datetime, zone: str) -> str:
    """`2026-03`."""
    return begin.astimezone(ZoneInfo(zone)).strftime("%Y-%m")
