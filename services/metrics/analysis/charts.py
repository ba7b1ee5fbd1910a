"""Process-behaviour charts, trends and early warnings, of a series of periods. Pure Python: thousands of scopes are
judged inside the service, which holds neither NumPy nor SciPy.

A series is in order of its periods, one value each; a period without data is left out. Charts take neighbours in the
series as consecutive; trends go by the calendar.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import NormalDist, fmean, median
from typing import Literal

from shared.events.metrics import Direction

Kind = Literal["xmr", "p", "u"]
Rule = Literal["outlier", "short_run", "long_run"]
Side = Literal["above", "below"]

FEWEST = 5
OUTLIER_SIGMAS = 3.0
SHORT_RUN_SIGMAS = 2.0
SHORT_RUN = (3, 4)
LONG_RUN = 7
_KINDS: dict[str, Kind] = {"proportion": "p", "count": "u", "duration": "xmr", "value": "xmr"}
_BOUNDS: dict[Kind, tuple[float, float]] = {"xmr": (-math.inf, math.inf), "p": (0.0, 1.0), "u": (0.0, math.inf)}
_MEAN_RANGE_OF_TWO = 1.128
_NO_EVENT = 3.0
_ROUNDING = 1e-9


class TooFew(ValueError):
    """No verdict: says how many points there are and how many it takes."""

    def __init__(self, found: int, needed: int = FEWEST) -> None:
        super().__init__(f"{found} periods with data; it takes at least {needed}")
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Datum:
    """One period's value over `n` cases; `numerator` are of these the successes, where it is a share of cases."""

    period: date
    value: float
    n: int
    numerator: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """One period on the chart: where it lies between `lower` and `upper`, only chance has spoken."""

    period: date
    value: float
    n: int
    sigma: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Signal:
    """The chart's rule that the value of `period` completes."""

    period: date
    rule: Rule
    side: Side


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind` is the chart as drawn; `reference_n` is how many points centre and limits rest on."""

    kind: Kind
    centre: float
    points: tuple[Limits, ...]
    signals: tuple[Signal, ...]
    reference_n: int


@dataclass(frozen=True, slots=True)
class Trend:
    """A robust line: `slope` per period with its 1 − `alpha` interval, `intercept` at the period `origin`."""

    slope: float
    low: float
    high: float
    intercept: float
    origin: date
    n: int
    alpha: float
    months_per_period: int = 1

    def at(self, period: date) -> float:
        """The line's value."""
        return self.intercept + self.slope * (_months(period) - _months(self.origin)) / self.months_per_period


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """The target is met today, and the line crosses it in `crosses_on`, `periods_ahead` after the newest value."""

    crosses_on: date
    periods_ahead: int
    projected: float
    trend: Trend


def kind_for(data_kind: str) -> Kind:
    """Which chart suits this kind of data (R32): p for proportions, u for counts, XmR for durations and values."""
    return _KINDS[data_kind]


def control_chart(
    kind: Kind, points: Sequence[Datum], *, reference: Sequence[Datum] | None = None, floor: float | None = None
) -> Chart:
    """Centre, limits and signals of `points` (R32, F18); limits from `reference`, or from all of them.

    - `xmr` (Shewhart, Wheeler): the mean; sigma is the mean moving range / 1.128;
    - `p`: all successes / all cases; sigma is √(p̄(1 − p̄)/n) of each period, limits within 0 and 1. A share that is not
      one of cases (an availability is one of time: no numerator) is drawn as XmR within 0 and 1;
    - `u`: events per period; sigma is √ū, as each period counts over an exposure of one; the lower limit is at least 0.

    A reference of successes only (or of none), or without any event, has no spread to go by: there sigma comes from the
    95 % bound that such a reference sets, 3 / n (the rule of three, Hanley & Lippman-Hand 1983), so that a single
    failure after a perfect year is no signal. `floor` is the least that a value of an XmR chart can be.

    Raises:
        TooFew: fewer than five points, or fewer than five to take the limits from.
    """
    basis = points if reference is None else reference
    for some in (points, basis):
        if len(some) < FEWEST:
            raise TooFew(len(some))
    least, most = _BOUNDS[kind]
    if floor is not None:
        least = max(least, floor)
    if kind == "p" and not all(_is_of_cases(point) for some in (points, basis) for point in some):
        kind = "xmr"
    centre, sigmas = _SPREADS[kind](basis, points)
    limits = tuple(
        Limits(
            point.period,
            point.value,
            point.n,
            sigma,
            max(centre - OUTLIER_SIGMAS * sigma, least),
            min(centre + OUTLIER_SIGMAS * sigma, most),
        )
        for point, sigma in zip(points, sigmas, strict=True)
    )
    return Chart(kind, centre, limits, find_signals(centre, limits), len(basis))


def find_signals(centre: float, points: Sequence[Limits]) -> tuple[Signal, ...]:
    """Which periods complete which rule (R32): one value beyond 3σ; three of four beyond 2σ on one side; seven on one
    side of the centre. A period may complete several, told in this order."""
    beyond = [_beyond(centre, point) for point in points]
    signals = []
    for last, point in enumerate(points):
        for side, sign in (("above", 1), ("below", -1)):
            signals += [Signal(point.period, rule, side) for rule in _completed(beyond, last, sign)]  # type: ignore[arg-type]
    return tuple(signals)


def adverse_signal(
    direction: Direction, kind: Kind, points: Sequence[Datum], reference: Sequence[Datum] | None = None
) -> Signal | None:
    """The signal in the measure's bad direction that the newest point completes, the strongest rule first; None where
    there is none, or where there are too few points for a verdict (R32)."""
    try:
        chart = control_chart(kind, points, reference=reference)
    except TooFew:
        return None
    bad: Side = "below" if direction == "higher_is_better" else "above"
    newest = points[-1].period
    return next((signal for signal in chart.signals if signal.period == newest and signal.side == bad), None)


def trend(points: Sequence[Datum], *, alpha: float = 0.05, months_per_period: int = 1) -> Trend | None:
    """The robust slope per period with its interval (R144, F18): Theil (1950) and Sen (1968), the median of the slopes
    between all pairs of points. The interval lies between two of these slopes, by the normal approximation of Kendall's
    statistic with its correction for ties. A missing period counts: what lies across it is two periods apart.

    None with fewer than five points.
    """
    if len(points) < FEWEST:
        return None
    origin = points[0].period
    x = [(_months(point.period) - _months(origin)) / months_per_period for point in points]
    y = [point.value for point in points]
    slopes = sorted((y[j] - y[i]) / (x[j] - x[i]) for j in range(len(x)) for i in range(j))
    slope = median(slopes)
    low, high = _slope_interval(slopes, y, alpha)
    return Trend(slope, low, high, median(y) - slope * median(x), origin, len(points), alpha, months_per_period)


def early_warning(
    direction: Direction,
    target: float,
    points: Sequence[Datum],
    horizon_periods: int,
    alpha: float = 0.05,
    *,
    months_per_period: int = 1,
) -> EarlyWarning | None:
    """The trend crosses the target within the horizon, before anything was missed (R146).

    Only where the newest value still meets the target, and the slope's interval leaves no doubt that it gets worse.
    """
    if not points or _is_worse(direction, points[-1].value, target):
        return None
    line = trend(points, alpha=alpha, months_per_period=months_per_period)
    if line is None or not is_getting_worse(direction, line):
        return None
    for ahead in range(1, horizon_periods + 1):
        period = _later(points[-1].period, ahead * months_per_period)
        projected = line.at(period)
        if _is_worse(direction, projected, target):
            return EarlyWarning(period, ahead, projected, line)
    return None


def is_getting_worse(direction: Direction, line: Trend) -> bool:
    """Whether the slope's whole interval points in the bad direction."""
    return line.high < 0 if direction == "higher_is_better" else line.low > 0


def _individuals(basis: Sequence[Datum], points: Sequence[Datum]) -> tuple[float, list[float]]:
    values = [point.value for point in basis]
    moving = [abs(later - earlier) for earlier, later in pairwise(values)]
    return fmean(values), [fmean(moving) / _MEAN_RANGE_OF_TWO] * len(points)


def _is_of_cases(point: Datum) -> bool:
    return point.numerator is not None and point.n > 0


def _proportions(basis: Sequence[Datum], points: Sequence[Datum]) -> tuple[float, list[float]]:
    cases = sum(point.n for point in basis)
    successes = sum(point.numerator or 0.0 for point in basis)
    centre = successes / cases
    spread = centre if 0 < successes < cases else min(_NO_EVENT / cases, 0.5)
    return centre, [math.sqrt(spread * (1 - spread) / point.n) for point in points]


def _counts(basis: Sequence[Datum], points: Sequence[Datum]) -> tuple[float, list[float]]:
    centre = fmean(point.value for point in basis)
    return centre, [math.sqrt(centre or _NO_EVENT / len(basis))] * len(points)


_SPREADS = {"xmr": _individuals, "p": _proportions, "u": _counts}


def _beyond(centre: float, point: Limits) -> float:
    """How many sigmas above the centre; negative below. What only rounding sets apart is on the centre."""
    off = point.value - centre
    if abs(off) <= _ROUNDING * max(abs(centre), abs(point.value)):
        return 0.0
    return off / point.sigma if point.sigma else math.copysign(math.inf, off)


def _completed(beyond: Sequence[float], last: int, sign: int) -> list[Rule]:
    rules: list[Rule] = []
    side = [sign * off for off in beyond[max(0, last + 1 - LONG_RUN) : last + 1]]
    least, of = SHORT_RUN
    if side[-1] > OUTLIER_SIGMAS + _ROUNDING:
        rules.append("outlier")
    far = [off > SHORT_RUN_SIGMAS + _ROUNDING for off in side[-of:]]
    if far[-1] and sum(far) >= least:
        rules.append("short_run")
    if len(side) == LONG_RUN and min(side) > 0:
        rules.append("long_run")
    return rules


def _slope_interval(slopes: Sequence[float], y: Sequence[float], alpha: float) -> tuple[float, float]:
    n, pairs = len(y), len(slopes)
    ties = sum(_kendall(times) for times in Counter(y).values() if times > 1)
    sigma = math.sqrt((_kendall(n) - ties) / 18)
    half = NormalDist().inv_cdf(1 - alpha / 2) * sigma
    low = max(round((pairs - half) / 2) - 1, 0)
    high = min(round((pairs + half) / 2), pairs - 1)
    return slopes[low], slopes[high]


def _kendall(n: int) -> int:
    return n * (n - 1) * (2 * n + 5)


def _is_worse(direction: Direction, value: float, target: float) -> bool:
    return value < target if direction == "higher_is_better" else value > target


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1


def _later(day: date, months: int) -> date:
    year, month = divmod(_months(day) + months, 12)
    return date(year, month + 1, 1)
