"""Pages of measures: where service stands, and the story of each measure."""

from datetime import date
from typing import Annotated

from fastapi import Form, Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from services.metrics.expectations import repository as expectations
from services.metrics.expectations.routes import Setter
from services.metrics.expectations.schemas import TargetBody
from services.metrics.expectations.service import set_target as set_target_of
from services.metrics.gaps import repository as gaps
from services.metrics.inbound import repository as inbound
from services.metrics.measures import rules
from services.metrics.measures.periods import previous_month
from services.metrics.measures.service import check_scope, find_measure
from services.metrics.observations import reading
from services.metrics.observations import repository as observations
from services.metrics.observations import service as values
from shared import clock
from shared.auth import Staff
from shared.fields import Key
from shared.http import Reading, Writing
from shared.pages import HTMLResponse, page_router, render, see_other
from shared.pages.charts import Level, Point, line_chart
from shared.pages.languages import N_
from shared.pages.rendering import language_of
from shared.problems import Malformed

pages = page_router()
_MOST_GAPS = 20
_MONTHS = 24
_DETECTIONS = {
    "target_missed": N_("target missed"),
    "clause_breach": N_("promise broken"),
    "trend": N_("early warning: the trend will miss"),
    "signal": N_("signal of the chart"),
}


@pages.get("/overview")
async def show_overview(request: Request, session: Reading, _caller: Staff) -> HTMLResponse:
    """Every measure with its last closed month, the gaps that are open, and what could not be understood."""
    standing = await values.list_standing(session, rules.ALL)
    return render(
        request,
        "measures/overview.html",
        standing=standing,
        gaps=await gaps.list_gaps(session, {"state": "open"}, None, _MOST_GAPS),
        names={row.measure.key: row.measure for row in standing},
        quarantined=await inbound.count_waiting(session),
        misses=_misses,
        detections=_DETECTIONS,
    )


@pages.get("/measures/{key}")
async def show_measure(
    request: Request,
    session: Reading,
    _caller: Staff,
    key: Annotated[Key, Path()],
    scope: Annotated[str, Query(max_length=300)] = "all",
) -> HTMLResponse:
    """One measure: its months as a chart and a table, what was expected and held, and how it is computed."""
    now = clock.now()
    measure = await find_measure(session, key)
    parsed = check_scope(measure, scope)
    last = await observations.last_period(session, key, str(parsed)) or previous_month(now.date().replace(day=1))
    first = date(last.year - _MONTHS // 12, last.month, 1)
    series = await reading.series(session, measure, parsed, (first, last), now)
    targets = await expectations.list_targets(session, key, [str(parsed)])
    baselines = await expectations.list_baselines(session, key, [str(parsed)])
    chart = await line_chart(
        measure.name,
        [Point(point.period_start, point.value, point.n) for point in series.points],
        unit=measure.unit,
        language=language_of(request),
        target=[Level(row.effective_from, row.value) for row in targets],
        baseline=[Level(row.effective_from, row.value) for row in baselines],
    )
    return render(
        request,
        "measures/show.html",
        measure=measure,
        series=series,
        targets=targets,
        baselines=baselines,
        chart=chart,
        today=now.date(),
        misses=_misses,
    )


@pages.post("/measures/{key}/target")
async def set_target(
    request: Request,
    session: Writing,
    _caller: Setter,
    key: Annotated[Key, Path()],
    value: Annotated[str, Form(max_length=30)],
    effective_from: Annotated[str, Form(max_length=10)],
    reason: Annotated[str, Form(max_length=2000)],
) -> RedirectResponse:
    """The form of a target; percentages are written as such."""
    measure = await find_measure(session, key)
    number = value.strip().rstrip("%").strip()
    try:
        amount = float(number) / (100 if measure.unit == "ratio" else 1)
        body = TargetBody(value=amount, effective_from=date.fromisoformat(effective_from), reason=reason)
    except (ValueError, ValidationError) as error:
        raise Malformed(str(error)) from error
    await set_target_of(session, key, body)
    return see_other(request, f"/measures/{key}")


def _misses(direction: str, value: float | None, target: float | None) -> bool:
    return value is not None and target is not None and rules.is_better(direction, target, value)  # type: ignore[arg-type]
