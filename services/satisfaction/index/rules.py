"""How scores become an index from 0 to 100 (R186). Values in, verdict out."""

import re
from collections.abc import Sequence
from datetime import date

from shared.problems import Malformed

MOST_MONTHS = 120
MONTH = r"^(199[0-9]|20[0-9]{2}|21[0-9]{2})-(0[1-9]|1[0-2])$"


def choose_months(first: str | None, last: str | None, today: date) -> tuple[date, date]:
    """The first and the last month, as their first days: those that are named (2026-01), else the year up to today.

    Raises:
        Malformed
    """
    for month in (first, last):
        if month is not None and not re.fullmatch(MONTH, month):
            raise Malformed(f"query: {month!r} is no month like 2026-01")
    until = today.replace(day=1) if last is None else date.fromisoformat(f"{last}-01")
    since = move_month(until, -11) if first is None else date.fromisoformat(f"{first}-01")
    months = (until.year - since.year) * 12 + until.month - since.month + 1
    if not 0 < months <= MOST_MONTHS:
        raise Malformed(f"query.to: between {since:%Y-%m} and {MOST_MONTHS - 1} months later")
    return since, until


def move_month(month: date, months: int) -> date:
    """The first day of the month so many months later."""
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def scale_score(mean: float) -> float:
    """A mean score from 1 to 5 on 0 to 100."""
    return (mean - 1) * 25


def join_means(parts: Sequence[tuple[float, int]]) -> tuple[float, int]:
    """The mean of several surveys' means (value, n), each weighing by its answers; at least one answer."""
    n = sum(count for _, count in parts)
    return sum(value * count for value, count in parts) / n, n
