"""REST of analysis: what a measure's closed periods tell. A problem says so where there are too few."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from services.metrics.analysis import schemas, series
from services.metrics.measures.problems import UnsoundRange
from services.metrics.measures.routes import MeasureKey, ScopeQuery
from services.metrics.observations.routes import MonthQuery, check_range, parse_month
from shared import clock
from shared.auth import Staff
from shared.database import Database
from shared.fields import Key
from shared.http import router
from shared.problems import MEDIA_TYPE
from shared.workers import Worker

routes = router("analysis")
_YEARS = 10

_UNANSWERED: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "The process that computes is busy, or gave no answer; the problem says which.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}

Alpha = Annotated[float, Query(ge=0.0001, le=0.4, description="The level of the test; intervals are at 1 − alpha.")]


@dataclass(frozen=True, slots=True)
class Span:
    """Which periods, both ends included."""

    first: date
    last: date


def span(from_: Annotated[MonthQuery, Query(alias="from")] = None, to: MonthQuery = None) -> Span:
    """The last ten years by default."""
    last = parse_month(to, "to") or clock.now().date().replace(day=1)
    first = parse_month(from_, "from") or date(max(last.year - _YEARS, 1990), last.month, 1)
    check_range(first, last)
    return Span(first, last)


def statistics(request: Request) -> Worker:
    """The process that computes."""
    worker: Worker = request.app.state.statistics
    return worker


Asked = Annotated[Span, Depends(span)]
Statistics = Annotated[Worker, Depends(statistics)]


async def read(request: Request, key: str, scope: str, asked: Span) -> series.Series:
    """The measure's past, in a transaction of its own that ends before anything is computed."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        return await series.read(session, key, scope, asked.first, asked.last)


@routes.get("/measures/{key}/analysis/description", responses=_UNANSWERED)
async def describe(
    request: Request, key: MeasureKey, asked: Asked, worker: Statistics, _caller: Staff, scope: ScopeQuery = "all"
) -> schemas.DescriptionView:
    """Mean, sample variance, median, quantiles and extremes of the periods' values (F17)."""
    return await series.describe(worker, await read(request, key, scope, asked))


@routes.get("/measures/{key}/analysis/trend")
async def tell_trend(
    request: Request, key: MeasureKey, asked: Asked, _caller: Staff, scope: ScopeQuery = "all", alpha: Alpha = 0.05
) -> schemas.TrendView:
    """The robust slope per period with its interval, and a warning where it will cross the target (F18)."""
    return series.tell_trend(await read(request, key, scope, asked), alpha)


@routes.get("/measures/{key}/analysis/control-chart")
async def draw_chart(
    request: Request,
    key: MeasureKey,
    asked: Asked,
    _caller: Staff,
    scope: ScopeQuery = "all",
    reference_from: MonthQuery = None,
    reference_to: MonthQuery = None,
) -> schemas.ChartView:
    """The process-behaviour chart with its signals; limits from the reference given, or from the level held (R32)."""
    first, last = parse_month(reference_from, "reference_from"), parse_month(reference_to, "reference_to")
    if (first is None) != (last is None):
        raise UnsoundRange("reference_from, reference_to: give both or neither")
    given = None
    if first is not None and last is not None:
        check_range(first, last)
        given = (first, last)
    return series.draw_chart(await read(request, key, scope, asked), given)


@routes.get("/measures/{key}/analysis/change-points", responses=_UNANSWERED)
async def find_changes(
    request: Request,
    key: MeasureKey,
    asked: Asked,
    worker: Statistics,
    _caller: Staff,
    scope: ScopeQuery = "all",
    alpha: Alpha = 0.05,
) -> schemas.ChangesView:
    """Where the measure's level changed for good; a single spike is no change."""
    return await series.find_changes(worker, await read(request, key, scope, asked), alpha)


@routes.get("/measures/{key}/analysis/forecast", responses=_UNANSWERED)
async def foresee(
    request: Request,
    key: MeasureKey,
    asked: Asked,
    worker: Statistics,
    _caller: Staff,
    scope: ScopeQuery = "all",
    horizon: Annotated[int, Query(ge=1, le=12, description="How many periods ahead.")] = series.HORIZON_PERIODS,
    level: Annotated[float, Query(ge=0.5, le=0.9999, description="Of the prediction intervals.")] = 0.95,
) -> schemas.ForecastView:
    """The next periods if nothing changes, each with its prediction interval."""
    return await series.foresee(worker, await read(request, key, scope, asked), horizon, level)


@routes.get("/analysis/correlation", responses=_UNANSWERED)
async def correlate(
    request: Request,
    a: Annotated[Key, Query(description="A measure's key.")],
    b: Annotated[Key, Query(description="Another measure's key.")],
    asked: Asked,
    worker: Statistics,
    _caller: Staff,
    scope: ScopeQuery = "all",
    lags: Annotated[int, Query(ge=0, le=12, description="From −lags to lags periods.")] = 0,
    alpha: Alpha = 0.05,
) -> schemas.CorrelationView:
    """How two measures go together, at every lag asked for (F19). A correlation is no cause."""
    first, second = await read(request, a, scope, asked), await read(request, b, scope, asked)
    return await series.correlate(worker, first, second, lags, alpha)
