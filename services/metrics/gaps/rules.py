"""What is a gap, and how bad it is (R3, R32)."""

from dataclasses import dataclass

from shared.events.metrics import Direction, GapImpact, Severity

_SEVERITIES: tuple[tuple[float, Severity], ...] = ((0.05, "low"), (0.15, "medium"), (0.30, "high"))


@dataclass(frozen=True, slots=True)
class Miss:
    """A month that missed its target: `size` is the distance, positive, in the measure's unit."""

    size: float
    severity: Severity
    impact: GapImpact


def detect_gap(
    direction: Direction,
    target: float | None,
    minimum_n: int,
    value: float | None,
    n: int,
    numerator: float | None,
) -> Miss | None:
    """R32: the month's value against its target. No target, no data or too few cases: no verdict."""
    if target is None or value is None or n < minimum_n:
        return None
    size = target - value if direction == "higher_is_better" else value - target
    if size <= 0:
        return None
    return Miss(size, grade(size, target), measure_impact(direction, n, numerator))


def grade(size: float, target: float) -> Severity:
    """By the size relative to the target: under 5 % low, under 15 % medium, under 30 % high, else critical."""
    relative = size / abs(target) if target else float("inf")
    return next((severity for limit, severity in _SEVERITIES if relative < limit), "critical")


def measure_impact(direction: Direction, n: int, numerator: float | None) -> GapImpact:
    """How many tickets were on the bad side; all of them where the measure does not tell tickets apart."""
    if numerator is None:
        return GapImpact(tickets_affected=n, tickets_total=n)
    bad = n - numerator if direction == "higher_is_better" else numerator
    return GapImpact(tickets_affected=round(bad), tickets_total=n)
