"""What is a gap, and how bad it is (R3, R32)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.metrics.analysis.charts import Datum, adverse_signal, control_chart, early_warning, kind_for
from services.metrics.expectations.rules import Expectation
from shared.events.metrics import Detection, Direction, GapImpact, Severity

HORIZON_PERIODS = 3
_FEWEST = 5
_SEVERITIES: tuple[tuple[float, Severity], ...] = ((0.05, "low"), (0.15, "medium"), (0.30, "high"))
_WEIGHTS = {"low": 0.5, "normal": 1.0, "high": 1.5, "critical": 2.0}


@dataclass(frozen=True, slots=True)
class Judged:
    """What of a measure decides: `is_promise` when a clause stands behind it."""

    direction: Direction
    data_kind: str
    is_promise: bool = False
    months_per_period: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """A period that is not as it should be: `expected` is the target, or the level that the chart's centre tells;
    `size` is the distance from it, positive, in the measure's unit. `evidence` says what was seen."""

    detection: Detection
    expected: float
    size: float
    evidence: dict[str, Any] = field(default_factory=dict)


def detect(judged: Judged, expected: Expectation, series: Sequence[Datum]) -> Finding | None:
    """R32: whether the newest period of `series` is a gap, by the strongest of what can be said.

    A missed target (or promise) before a trend that will miss the target, for that says when, before a signal of the
    chart. Signals and trends are told only of what somebody expects something: where there is a baseline or a target.
    The chart's limits come from the level that the baseline in force speaks of.
    """
    if not series or series[-1].n < expected.minimum_n:
        return None
    newest = series[-1]
    if expected.target is not None:
        size = distance(judged.direction, newest.value, expected.target)
        if size > 0:
            return Finding("clause_breach" if judged.is_promise else "target_missed", expected.target, size)
    if expected.target is None and expected.baseline is None:
        return None
    return _find_trend(judged, expected, series) or _find_signal(judged, expected, series)


def distance(direction: Direction, value: float, expected: float) -> float:
    """How far `value` lies on the bad side of `expected`; negative on the good side."""
    return expected - value if direction == "higher_is_better" else value - expected


def _find_signal(judged: Judged, expected: Expectation, series: Sequence[Datum]) -> Finding | None:
    phase = in_phase(series, expected.phase_from)
    earlier = phase[:-1]
    if len(earlier) < _FEWEST:
        return None
    kind = kind_for(judged.data_kind)
    signal = adverse_signal(judged.direction, kind, phase, earlier)
    if signal is None:
        return None
    chart = control_chart(kind, phase, reference=earlier)
    newest = chart.points[-1]
    size = distance(judged.direction, newest.value, chart.centre)
    evidence = {
        "rule": signal.rule,
        "side": signal.side,
        "chart": kind,
        "centre": chart.centre,
        "lower": newest.lower,
        "upper": newest.upper,
        "reference_periods": len(earlier),
    }
    return Finding("signal", chart.centre, size, evidence) if size > 0 else None


def _find_trend(judged: Judged, expected: Expectation, series: Sequence[Datum]) -> Finding | None:
    if expected.target is None:
        return None
    phase = in_phase(series, expected.phase_from)
    months = judged.months_per_period
    warning = early_warning(judged.direction, expected.target, phase, HORIZON_PERIODS, months_per_period=months)
    if warning is None:
        return None
    evidence = {
        "slope": warning.trend.slope,
        "slope_low": warning.trend.low,
        "slope_high": warning.trend.high,
        "crosses_on": f"{warning.crosses_on:%Y-%m-%d}",
        "periods_ahead": warning.periods_ahead,
        "projected": warning.projected,
        "periods": len(phase),
    }
    return Finding("trend", expected.target, distance(judged.direction, warning.projected, expected.target), evidence)


def in_phase(series: Sequence[Datum], since: date | None) -> list[Datum]:
    """The periods since the level that is held began; all of them where no baseline says when."""
    return [datum for datum in series if since is None or datum.period >= since]


def fill_zeros(series: Sequence[Datum], periods: Sequence[date]) -> list[Datum]:
    """A count's periods in which nothing was counted, of those in which there was something elsewhere: from the first
    one on, for before it nobody knows whether there was anything to count."""
    if not series:
        return []
    known = {datum.period for datum in series}
    zeros = [Datum(period, 0.0, 0) for period in periods if period > series[0].period and period not in known]
    return sorted([*series, *zeros], key=lambda datum: datum.period)


def grade(size: float, expected: float, criticality: str | None = None) -> Severity:
    """By the size relative to what was expected, times the weight of the service (low ½, normal 1, high 1½, critical
    2): under 5 % low, under 15 % medium, under 30 % high, else critical."""
    relative = size / abs(expected) if expected else float("inf")
    weighted = relative * _WEIGHTS.get(criticality or "normal", 1.0)
    return next((severity for limit, severity in _SEVERITIES if weighted < limit), "critical")


def measure_impact(direction: Direction, n: int, numerator: float | None) -> GapImpact:
    """How many tickets were on the bad side; all of them where the measure does not tell tickets apart."""
    if numerator is None:
        return GapImpact(tickets_affected=n, tickets_total=n)
    bad = n - numerator if direction == "higher_is_better" else numerator
    return GapImpact(tickets_affected=round(bad), tickets_total=n)
