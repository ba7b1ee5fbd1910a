"""Use cases of looking at a measure's past: read its closed periods, and say what they tell.

Reading takes a session; what computes in the worker does not, so that nobody holds a connection while waiting in line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.analysis import charts, schemas
from services.metrics.analysis.charts import FEWEST, Datum
from services.metrics.analysis.questions import (
    MINIMUM_PAIRS,
    MINIMUM_SEGMENT,
    MINIMUM_SHIFT,
    Changes,
    Correlate,
    Correlations,
    DescribeValues,
    Description,
    FindChanges,
    Forecast,
    Foresee,
    Place,
)
from services.metrics.evaluation.repository import is_computed
from services.metrics.expectations import service as expectations
from services.metrics.expectations.rules import Expectation
from services.metrics.measures import rules as measure_rules
from services.metrics.measures.periods import months_apart, months_of, next_period, period_of
from services.metrics.measures.service import check_scope, find_measure
from services.metrics.observations import repository as observations
from shared.pages.languages import N_
from shared.problems import Problem
from shared.workers import Worker

TIMEOUT_SECONDS = 20.0
HORIZON_PERIODS = 3
_BOUNDS: dict[str, tuple[float | None, float | None]] = {
    "proportion": (0.0, 1.0),
    "duration": (0.0, None),
    "count": (0.0, None),
    "value": (None, None),
}
_METHODS = {
    "description": N_(
        "of the periods' values, each counting once; sample variance (n − 1); quantiles interpolate linearly between "
        "the closest ranks (percentile_cont)"
    ),
    "trend": N_(
        "Theil-Sen slope with Sen's interval (normal approximation of Kendall's statistic, corrected for ties)"
    ),
    "xmr": N_("XmR chart: mean ± 3 × mean moving range / 1.128; signals: beyond 3σ, 3 of 4 beyond 2σ, 7 on one side"),
    "p": N_("p chart: p̄ ± 3√(p̄(1 − p̄)/n); signals: beyond 3σ, 3 of 4 beyond 2σ, 7 on one side"),
    "u": N_("u chart: ū ± 3√ū per period; signals: beyond 3σ, 3 of 4 beyond 2σ, 7 on one side"),
    "changes": N_(
        "PELT on ranks (penalty 2 ln n); each candidate stands a magnitude of robust standard deviations and a "
        "two-sided Mann-Whitney test between its neighbouring segments, corrected (Bonferroni) for all possible places"
    ),
    "forecast": N_(
        "Theil-Sen line with prediction intervals of single periods (Student's t, residuals of the line); no season; "
        "within what the measure can be"
    ),
    "correlation": "Pearson and Spearman, two-sided; p-values times the number of lags tested (Bonferroni)",
}


class TooFewPoints(Problem):
    """Says how many periods with data there are and how many it takes."""

    status = 422


class NotComparable(Problem):
    """Two measures whose periods are not the same."""

    status = 422


class NothingVaries(Problem):
    """A series that never changes goes with nothing."""

    status = 422


@dataclass(frozen=True, slots=True)
class Series:
    """A measure's closed periods with data in one scope, in order, and what is expected after them."""

    measure: Row[Any]
    scope: str
    periods: tuple[schemas.PeriodUsed, ...]
    expected: Expectation

    @property
    def data(self) -> list[Datum]:
        return [Datum(used.period, used.value, used.n, used.numerator) for used in self.periods]

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(used.value for used in self.periods)

    @property
    def months_per_period(self) -> int:
        return months_of(self.measure.frequency)

    @property
    def places(self) -> tuple[Place, ...]:
        """Values by periods since January of the year 1."""
        return tuple(
            (months_apart(date(1, 1, 1), used.period) // self.months_per_period, used.value) for used in self.periods
        )


async def read(session: AsyncSession, key: str, scope: str, first: date, last: date) -> Series:
    """The closed periods with data between two days, each at its newest revision (R142).

    A period in which a count has nothing in this scope, while the measure counted elsewhere, is a 0.

    Raises:
        MeasureNotFound, UnsoundScope.
    """
    measure = await find_measure(session, key)
    name = str(check_scope(measure, scope))
    start, end = period_of(measure.frequency, first), next_period(measure.frequency, period_of(measure.frequency, last))
    counts = measure.data_kind == "count" and is_computed(measure)
    told = await observations.history(session, key, {name, measure_rules.ALL} if counts else {name}, start, end)
    used = [_used(row) for row in told.get(name, ()) if row.value is not None]
    if counts:
        used = _fill_zeros(used, told.get(measure_rules.ALL, ()))
    expected = await expectations.in_force(session, key, [name], end)
    return Series(measure, name, tuple(used), expected[name])


def _used(row: Row[Any]) -> schemas.PeriodUsed:
    return schemas.PeriodUsed(
        period=row.period,
        value=row.value,
        n=row.n,
        numerator=row.numerator,
        revision=row.revision,
        definition_version=row.definition_version,
    )


def _fill_zeros(used: list[schemas.PeriodUsed], everywhere: Sequence[Row[Any]]) -> list[schemas.PeriodUsed]:
    """From this scope's first period on: before it, nobody knows whether there was anything to count."""
    if not used:
        return []
    known = {period.period for period in used}
    zeros = [
        schemas.PeriodUsed(
            period=row.period,
            value=0.0,
            n=0,
            numerator=None,
            revision=None,
            definition_version=row.definition_version,
        )
        for row in everywhere
        if row.value is not None and row.period > used[0].period and row.period not in known
    ]
    return sorted([*used, *zeros], key=lambda period: period.period)


async def describe(worker: Worker, series: Series) -> schemas.DescriptionView:
    """R143, F17."""
    _check_enough(series, "description", 2)
    told = await worker.ask(DescribeValues(values=series.values), Description, TIMEOUT_SECONDS)
    return schemas.DescriptionView(**_finding(series, "description", None), **told.model_dump(exclude={"n"}))


def tell_trend(series: Series, alpha: float) -> schemas.TrendView:
    """R144, F18, with a warning where the line will cross the target in force."""
    _check_enough(series, "trend", FEWEST)
    line = charts.trend(series.data, alpha=alpha, months_per_period=series.months_per_period)
    assert line is not None
    direction, target = series.measure.direction, series.expected.target
    warned = None
    if target is not None:
        warned = charts.early_warning(
            direction, target, series.data, HORIZON_PERIODS, alpha, months_per_period=series.months_per_period
        )
    is_clear = line.low > 0 or line.high < 0
    return schemas.TrendView(
        **_finding(series, "trend", alpha),
        slope=line.slope,
        low=line.low,
        high=line.high,
        intercept=line.intercept,
        verdict=_verdict(series, line.slope) if is_clear else "unclear",
        warning=None
        if warned is None or target is None
        else schemas.Crossing(
            target=target,
            crosses_on=warned.crosses_on,
            periods_ahead=warned.periods_ahead,
            projected=warned.projected,
        ),
    )


def draw_chart(series: Series, given: tuple[date, date] | None = None) -> schemas.ChartView:
    """R32, F18. Signals go by the level that is held: without a reference that was asked for, the chart begins where
    the baseline in force does, and its newest period is judged by the limits of those before it, as gaps are."""
    data = series.data
    origin: Literal["given", "baseline", "all"] = "all"
    reference = data
    if given is not None:
        origin = "given"
        reference = [datum for datum in data if given[0] <= datum.period <= given[1]]
        _check_enough(series, "chart's reference", FEWEST, len(reference))
    elif series.expected.phase_from is not None:
        origin = "baseline"
        data = [datum for datum in data if datum.period >= series.expected.phase_from]
        reference = data[:-1] if len(data) > FEWEST else data
    _check_enough(series, "chart", FEWEST, len(data))
    floor = _BOUNDS[series.measure.data_kind][0]
    kind = charts.kind_for(series.measure.data_kind)
    chart = charts.control_chart(kind, data, reference=reference, floor=floor)
    bad = "below" if series.measure.direction == "higher_is_better" else "above"
    return schemas.ChartView(
        **_finding(series, chart.kind, None),
        kind=chart.kind,
        centre=chart.centre,
        reference=origin,
        reference_from=reference[0].period,
        reference_to=reference[-1].period,
        reference_n=chart.reference_n,
        points=[
            schemas.ChartPoint(
                period=point.period,
                value=point.value,
                n=point.n,
                sigma=point.sigma,
                lower=point.lower,
                upper=point.upper,
            )
            for point in chart.points
        ],
        signals=[
            schemas.SignalView(period=found.period, rule=found.rule, side=found.side, adverse=found.side == bad)
            for found in chart.signals
        ],
    )


async def find_changes(worker: Worker, series: Series, alpha: float) -> schemas.ChangesView:
    """R144: where the level changed for good; one spike is none."""
    _check_enough(series, "search for change points", 2 * MINIMUM_SEGMENT)
    told = await worker.ask(FindChanges(values=series.values, alpha=alpha), Changes, TIMEOUT_SECONDS)
    return schemas.ChangesView(
        **_finding(series, "changes", alpha),
        minimum_segment=MINIMUM_SEGMENT,
        minimum_shift=MINIMUM_SHIFT,
        places=told.places,
        changes=[
            schemas.ChangeView(
                **change.model_dump(exclude={"index"}),
                period=series.periods[change.index].period,
                verdict=_verdict(series, change.shift),
            )
            for change in told.changes
        ],
    )


async def foresee(worker: Worker, series: Series, horizon: int, level: float) -> schemas.ForecastView:
    """R144: the next periods, if nothing changes."""
    _check_enough(series, "forecast", FEWEST)
    floor, ceiling = _BOUNDS[series.measure.data_kind]
    asked = Foresee(points=series.places, horizon=horizon, level=level, floor=floor, ceiling=ceiling)
    told = await worker.ask(asked, Forecast, TIMEOUT_SECONDS)
    points = []
    period = series.periods[-1].period
    for point in told.points:
        period = next_period(series.measure.frequency, period)
        points.append(schemas.ForecastPoint(period=period, value=point.value, low=point.low, high=point.high))
    rests_on = _finding(series, "forecast", round(1 - level, 10))
    return schemas.ForecastView(**rests_on, level=level, slope=told.slope, points=points)


async def correlate(worker: Worker, a: Series, b: Series, lags: int, alpha: float) -> schemas.CorrelationView:
    """R145, F19: how two measures go together.

    Raises:
        TooFewPoints, NotComparable, NothingVaries.
    """
    if a.measure.frequency != b.measure.frequency:
        raise NotComparable(
            f"{a.measure.key} is {a.measure.frequency} and {b.measure.key} {b.measure.frequency}; "
            "take two measures with the same periods"
        )
    pairs = {used.period for used in a.periods} & {used.period for used in b.periods}
    if len(pairs) < MINIMUM_PAIRS:
        raise TooFewPoints(
            f"{a.measure.key} and {b.measure.key} have {len(pairs)} closed periods with data in common; a correlation "
            f"takes at least {MINIMUM_PAIRS}: ask for a longer span, or wait",
            found=len(pairs),
            needed=MINIMUM_PAIRS,
        )
    told = await worker.ask(Correlate(a=a.places, b=b.places, lags=lags, alpha=alpha), Correlations, TIMEOUT_SECONDS)
    if told.strongest is None:
        constant = next((side for side in (a, b) if len(set(side.values)) == 1), a)
        raise NothingVaries(f"{constant.measure.key} hardly changes in these periods; take a span in which both vary")
    best = next(found.spearman for found in told.lags if found.lag == told.strongest)
    assert best is not None
    return schemas.CorrelationView(
        a=_source(a),
        b=_source(b),
        method=_METHODS["correlation"],
        alpha=alpha,
        n=len(pairs),
        tests=told.tests,
        strongest_lag=told.strongest,
        significant=best.p_adjusted < alpha,
        common_trend=_has_trend(a, alpha) and _has_trend(b, alpha),
        lags=[schemas.LagView.model_validate(found.model_dump()) for found in told.lags],
    )


def _has_trend(series: Series, alpha: float) -> bool:
    line = charts.trend(series.data, alpha=alpha)
    return line is not None and (line.low > 0 or line.high < 0)


def _verdict(series: Series, change: float) -> Literal["better", "worse"]:
    return "better" if (change > 0) == (series.measure.direction == "higher_is_better") else "worse"


def _check_enough(series: Series, what: str, needed: int, found: int | None = None) -> None:
    there = len(series.periods) if found is None else found
    if there < needed:
        since = series.expected.phase_from
        held = f" since {since:%Y-%m}, where the baseline in force begins," if found is not None and since else ""
        raise TooFewPoints(
            f"{series.measure.key} has {there} closed periods with data in scope {series.scope}{held} that can be "
            f"used; a {what} takes at least {needed}: ask for a longer span, or wait",
            found=there,
            needed=needed,
        )


def _source(series: Series) -> schemas.Source:
    measure = series.measure
    return schemas.Source(
        measure=measure.key,
        definition_version=measure.definition_version,
        scope=series.scope,
        unit=measure.unit,
        data_kind=measure.data_kind,
        direction=measure.direction,
        frequency=measure.frequency,
        n=len(series.periods),
        cases=sum(used.n for used in series.periods),
        periods=list(series.periods),
    )


def _finding(series: Series, method: str, alpha: float | None) -> dict[str, Any]:
    return {**dict(_source(series)), "method": _METHODS[method], "alpha": alpha}
