"""How scores become an index from 0 to 100 (R186). Values in, verdict out."""

from collections.abc import Sequence


def scale_score(mean: float) -> float:
    """A mean score from 1 to 5 on 0 to 100."""
    return (mean - 1) * 25


def join_means(parts: Sequence[tuple[float, int]]) -> tuple[float, int]:
    """The mean of several surveys' means (value, n), each weighing by its answers; at least one answer."""
    n = sum(count for _, count in parts)
    return sum(value * count for value, count in parts) / n, n
