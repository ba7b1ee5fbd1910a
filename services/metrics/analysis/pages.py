"""The page of what a measure's past tells: chart, trend, change points, forecast, description."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Path, Query, Request

from services.metrics.analysis import schemas, series
from services.metrics.analysis.routes import Asked, Statistics, read
from services.metrics.analysis.series import Series, TooFewPoints
from services.metrics.measures.periods import next_period
from shared.auth import Staff
from shared.fields import Key
from shared.pages import N_, HTMLResponse, page_router, render, translate
from shared.pages.charts import Point
from shared.pages.control_charts import Behaviour, Between, Signal, control_chart
from shared.pages.rendering import language_of
from shared.workers import AnalysisBusy, AssessmentFailed, Worker

pages = page_router()
_MOST_PERIODS = 36
_ALPHA = 0.05
RULES = {
    "outlier": N_("beyond 3σ"),
    "short_run": N_("3 of 4 beyond 2σ"),
    "long_run": N_("7 in a row on one side"),
}
Told = TypeVar("Told")


class Silence(NamedTuple):
    """What cannot be said."""

    what: str
    found: int | None = None
    needed: int | None = None


@dataclass
class Telling:
    """What could be said, and what could not: how many periods there are, and how many it takes (None where the worker
    gave no answer)."""

    chart: schemas.ChartView | None = None
    trend: schemas.TrendView | None = None
    changes: schemas.ChangesView | None = None
    forecast: schemas.ForecastView | None = None
    description: schemas.DescriptionView | None = None
    silent: list[Silence] = field(default_factory=list)


@pages.get("/measures/{key}/analysis")
async def show_analysis(
    request: Request,
    asked: Asked,
    worker: Statistics,
    _caller: Staff,
    key: Annotated[Key, Path()],
    scope: Annotated[str, Query(max_length=300)] = "all",
) -> HTMLResponse:
    """What the last 36 closed periods with data tell of one measure."""
    whole = await read(request, key, scope, asked)
    recent = replace(whole, periods=whole.periods[-_MOST_PERIODS:])
    told = await _tell(worker, recent)
    return render(
        request,
        "analysis/show.html",
        measure=recent.measure,
        scope=recent.scope,
        told=told,
        chart=await _draw(request, recent, told),
        rules=RULES,
        periods=recent.periods,
    )


async def _tell(worker: Worker, past: Series) -> Telling:
    told = Telling()
    told.chart = await _or_silent(told, N_("Control chart"), _now(series.draw_chart, past))
    told.trend = await _or_silent(told, N_("Trend"), _now(series.tell_trend, past, _ALPHA))
    told.changes = await _or_silent(told, N_("Change points"), series.find_changes(worker, past, _ALPHA))
    foreseen = series.foresee(worker, past, series.HORIZON_PERIODS, 1 - _ALPHA)
    told.forecast = await _or_silent(told, N_("Forecast"), foreseen)
    told.description = await _or_silent(told, N_("Description"), series.describe(worker, past))
    return told


async def _now(say: Callable[..., Told], *about: object) -> Told:
    return say(*about)


async def _or_silent(told: Telling, what: str, saying: Awaitable[Told]) -> Told | None:
    try:
        return await saying
    except TooFewPoints as error:
        told.silent.append(Silence(what, error.extra["found"], error.extra["needed"]))
    except (AssessmentFailed, AnalysisBusy):
        told.silent.append(Silence(what))
    return None


async def _draw(request: Request, past: Series, told: Telling) -> str | None:
    """None where there is nothing to draw."""
    if not past.periods:
        return None
    limits, signals, trend = [], {}, {}
    if told.chart is not None:
        limits = [Between(point.period, point.lower, told.chart.centre, point.upper) for point in told.chart.points]
        for found in reversed(told.chart.signals):
            signals[found.period] = Signal(translate(request, RULES[found.rule]), found.adverse)
    if told.trend is not None and told.trend.verdict != "unclear":
        first, end = past.periods[0].period, past.periods[-1].period
        value, period = told.trend.intercept, first
        while period <= end:
            trend[period] = value
            value, period = value + told.trend.slope, next_period(past.measure.frequency, period)
    changes = [change.period for change in told.changes.changes] if told.changes is not None else []
    return await control_chart(
        translate(request, past.measure.name),
        [Point(used.period, used.value, used.n) for used in past.periods],
        Behaviour(limits, signals, trend, changes),
        unit=past.measure.unit,
        language=language_of(request),
    )
