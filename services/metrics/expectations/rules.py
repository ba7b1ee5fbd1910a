"""What holds for a period, and what may be expected; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol, TypeVar

from services.metrics.measures.rules import is_better
from shared.events.metrics import Direction


class Target(Protocol):
    """A target as kept."""

    @property
    def value(self) -> float: ...
    @property
    def minimum_n(self) -> int: ...
    @property
    def effective_from(self) -> date: ...


class Baseline(Protocol):
    """A baseline as kept; `window_from` is where the periods begin that it was computed from."""

    @property
    def value(self) -> float: ...
    @property
    def effective_from(self) -> date: ...
    @property
    def window_from(self) -> date | None: ...


T = TypeVar("T", Target, Baseline)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What holds for one period: the target in force and its smallest n, and the baseline in force; `phase_from` is
    where the level that the baseline speaks of began."""

    target: float | None = None
    minimum_n: int = 1
    baseline: float | None = None
    phase_from: date | None = None


def in_force(targets: Iterable[Target], baselines: Iterable[Baseline], end: date) -> Expectation:
    """What holds for the period that ends before `end` (R29): of those in effect by then the newest, and of those of
    one day the last set. Both come in the order in which they take effect.

    A target or baseline set for a day within a period holds for the whole of it.
    """
    target = _newest(targets, end)
    baseline = _newest(baselines, end)
    return Expectation(
        target=target.value if target else None,
        minimum_n=target.minimum_n if target else 1,
        baseline=baseline.value if baseline else None,
        phase_from=(baseline.window_from or baseline.effective_from) if baseline else None,
    )


def is_looser(direction: Direction, value: float, than: float | None) -> bool:
    """Whether a new target asks less than the one before it."""
    return than is not None and is_better(direction, than, value)


def find_against_direction(direction: Direction, value: float, baseline: float | None) -> str | None:
    """Why this target runs against the measure's direction, or None: it would be met by getting worse."""
    if baseline is None or not is_better(direction, baseline, value):
        return None
    least = "at least" if direction == "higher_is_better" else "at most"
    return (
        f"value: {value:g} is worse than the baseline in force, {baseline:g}, of a measure of which "
        f"{direction.replace('_', ' ')}; give {least} {baseline:g}"
    )


def _newest(rows: Iterable[T], end: date) -> T | None:
    newest = None
    for row in rows:
        if row.effective_from < end:
            newest = row
    return newest
