"""Use cases of reading values: series, quarters and years, and the year so far."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation.repository import interruptions
from services.metrics.evaluation.service import compute_scope
from services.metrics.expectations import repository as expectations
from services.metrics.expectations.rules import in_force
from services.metrics.measures import repository as measures
from services.metrics.measures.periods import (
    Frequency,
    is_over,
    months_of,
    name_of,
    next_period,
    period_of,
    periods_between,
    starts_at,
)
from services.metrics.measures.problems import UnsoundRange
from services.metrics.measures.rules import Scope, is_better
from services.metrics.measures.schemas import MeasureView
from services.metrics.observations import repository
from services.metrics.observations.rules import Computed, combine, forecast_year, needed_rest, summarise_outages
from services.metrics.observations.schemas import AnnualView, By, Outages, Overall, Point, Series
from services.metrics.settings import settings

_WIDER: dict[By, Frequency] = {"quarter": "quarterly", "year": "yearly"}


async def series(
    session: AsyncSession,
    measure: Row[Any],
    scope: Scope,
    span: tuple[date, date],
    now: datetime,
    *,
    by: By = "period",
    overall: bool = False,
) -> Series:
    """The periods from the first to the last day of `span`. A scope that nobody observes is computed for this answer,
    and so are quarters and years of what does not add up, and the value `overall`."""
    frequency = _WIDER.get(by, measure.frequency)
    if months_of(frequency) < months_of(measure.frequency):
        raise UnsoundRange(f"by: {measure.key} is {measure.frequency}; ask by period")
    first, last = period_of(frequency, span[0]), period_of(frequency, span[1])
    told = await repository.latest_observations(session, measure.key, str(scope), first, last)
    materialised = bool(told) or await is_observed(session, measure, scope)
    if frequency == measure.frequency and materialised:
        points = [_point(frequency, row.period, _told(row), row.revision, provisional=row.provisional) for row in told]
    else:
        points = await _compute_points(session, measure, scope, frequency, (first, last), now)
    targets = await expectations.list_targets(session, measure.key, [str(scope)])
    baselines = await expectations.list_baselines(session, measure.key, [str(scope)])
    for point in points:
        held = in_force(targets, baselines, point.period_end)
        point.target, point.baseline = held.target, held.baseline
    end = next_period(frequency, last)
    return Series(
        measure=MeasureView.model_validate(measure),
        scope=str(scope),
        points=points,
        overall=await _overall(session, measure, scope, first, end, now) if overall else None,
        outages=await _outages(session, measure, scope, [point.period_start for point in points], frequency, now),
        materialised=materialised,
    )


async def is_observed(session: AsyncSession, measure: Row[Any], scope: Scope) -> bool:
    """Whether this scope's values are kept: by request, or as a value of one of the measure's dimensions."""
    if len(scope.dimensions) == 1 and scope.dimensions[0] in measure.dimensions:
        return True
    return await measures.has_scope(session, measure.key, str(scope))


async def _compute_points(
    session: AsyncSession,
    measure: Row[Any],
    scope: Scope,
    frequency: Frequency,
    span: tuple[date, date],
    now: datetime,
) -> list[Point]:
    points = []
    for period in periods_between(frequency, *span):
        end = next_period(frequency, period)
        computed = await compute_scope(session, measure, scope, period, end, now)
        if computed.n:
            points.append(_point(frequency, period, computed, 1, provisional=not is_over(end, now, settings().zone)))
    return points


async def year_so_far(session: AsyncSession, measure: Row[Any], scope: Scope, year: int) -> AnnualView:
    """R78: the closed periods of the year together, where the year will end if the rest is like them, and what the rest
    must reach for the target in force to be met. From the kept values: what does not add up (a median) has none."""
    rows = [
        row
        for row in await repository.latest_observations(
            session, measure.key, str(scope), date(year, 1, 1), date(year, 12, 31)
        )
        if not row.provisional
    ]
    statistic = measure.parameters.get("statistic", "mean")
    so_far = combine(measure.data_kind, statistic, [_told(row) for row in rows])
    targets = await expectations.list_targets(session, measure.key, [str(scope)])
    target = in_force(targets, (), date(year + 1, 1, 1)).target
    total = 12 // months_of(measure.frequency)
    forecast = forecast_year(measure.data_kind, so_far, len(rows), total)
    on_course = None
    if forecast is not None and target is not None:
        on_course = not is_better(measure.direction, target, forecast)
    return AnnualView(
        measure=MeasureView.model_validate(measure),
        scope=str(scope),
        year=year,
        periods=len(rows),
        value=so_far.value if so_far else None,
        numerator=so_far.numerator if so_far else None,
        n=so_far.n if so_far else 0,
        target=target,
        forecast=forecast,
        needed=needed_rest(measure.data_kind, so_far, len(rows), total, target),
        on_course=on_course,
    )


async def _overall(
    session: AsyncSession, measure: Row[Any], scope: Scope, first: date, end: date, now: datetime
) -> Overall:
    computed = await compute_scope(session, measure, scope, first, end, now)
    return Overall(value=computed.value, numerator=computed.numerator, n=computed.n)


async def _outages(
    session: AsyncSession,
    measure: Row[Any],
    scope: Scope,
    periods: Sequence[date],
    frequency: Frequency,
    now: datetime,
) -> list[Outages] | None:
    """R179: beside every availability what its percentage hides."""
    if measure.formula != "availability":
        return None
    zone = settings().zone
    found = []
    for period in periods:
        start, end = starts_at(period, zone), starts_at(next_period(frequency, period), zone)
        spans = await interruptions(session, scope.dimensions, scope.values, start, min(end, now))
        found.append(summarise_outages(name_of(frequency, period), spans, zone))
    return found


def _told(row: Row[Any]) -> Computed:
    return Computed(row.scope, row.value, row.numerator, row.n, row.missing)


def _point(frequency: Frequency, period: date, computed: Computed, revision: int, *, provisional: bool) -> Point:
    return Point(
        period=name_of(frequency, period),
        period_start=period,
        period_end=next_period(frequency, period),
        value=computed.value,
        numerator=computed.numerator,
        n=computed.n,
        missing=computed.missing,
        revision=revision,
        provisional=provisional,
        target=None,
        baseline=None,
    )
