"""Coverage and satisfaction in a browser. Works without JavaScript."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request

from services.satisfaction.callbacks.conduct.service import load_items
from services.satisfaction.callbacks.figures import service
from services.satisfaction.callbacks.figures.repository import Dimension, Scope
from services.satisfaction.callbacks.routes import Reader
from services.satisfaction.callbacks.words import CHANNELS
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.fields import EARLIEST, LATEST
from shared.http import Reading
from shared.pages import N_, HTMLResponse, language_of, page_router, render, translate

pages = page_router()

DAYS = 30
ON_A_PAGE = 50
NAMES: dict[str, str] = {
    "group": N_("Group"),
    "customer": N_("Customer"),
    "service": N_("Service"),
    "project": N_("Project"),
    "desk": N_("Desk"),
    "segment": N_("Segment"),
    "handler": N_("Handler"),
    "mode": N_("Mode"),
    "month": N_("Month"),
}
Day = Annotated[str, Query(max_length=20)]


@pages.get("/callback-figures")
async def show_figures(
    request: Request,
    session: Reading,
    _caller: Reader,
    thresholds: Thresholds,
    first: Annotated[Day, Query(alias="from")] = "",
    last: Annotated[Day, Query(alias="to")] = "",
    by: Annotated[str, Query(max_length=20)] = "group",
    behind: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """The last 30 days, or the days that were chosen (by the installation's zone, the last one included)."""
    now, zone = clock.now(), ZoneInfo(thresholds.time_zone)
    today = now.astimezone(zone).date()
    begin, end = _read(first, today - timedelta(days=DAYS)), _read(last, today)
    complaint = None
    if begin is None or end is None or begin > end:
        complaint = translate(request, N_("Choose two days, the first not after the last."))
        begin, end = today - timedelta(days=DAYS), today
    chosen: Dimension = by if by in get_args(Dimension) else "group"  # type: ignore[assignment]
    scope = Scope(_start(begin, zone), _start(end + timedelta(days=1), zone))
    coverage_by = await service.list_coverage(
        session, scope, now, chosen, thresholds.time_zone, behind or None, ON_A_PAGE + 1
    )
    shown = coverage_by[:ON_A_PAGE]
    values = {one.value for one in shown}
    satisfaction_by = await service.list_satisfaction(
        session, scope, chosen, thresholds.time_zone, behind or None, ON_A_PAGE
    )
    overall = await service.measure_satisfaction(session, scope)
    modes = [mode for mode in CHANNELS if mode in overall.modes]
    language = language_of(request)
    further = shown[-1].value if len(coverage_by) > ON_A_PAGE else None
    query = {"from": begin.isoformat(), "to": end.isoformat(), "by": chosen, "behind": further or ""}
    return render(
        request,
        "callbacks/figures.html",
        200 if complaint is None else 422,
        complaint=complaint,
        first=begin.isoformat(),
        last=end.isoformat(),
        by=chosen,
        dimensions=[(name, translate(request, word)) for name, word in NAMES.items()],
        names=NAMES,
        coverage=await service.measure_coverage(session, scope, now),
        coverage_by=shown,
        satisfaction=overall,
        satisfaction_by=[one for one in satisfaction_by if one.value in values],
        modes=modes,
        mode_headers=[{"text": translate(request, CHANNELS[mode]), "numeric": True} for mode in modes],
        wordings={item.key: item.wording(language) for item in (await load_items(session)).values()},
        export_path="/v1/callbacks/export.csv?"
        + urlencode({"from": scope.resolved_from.isoformat(), "to": scope.resolved_before.isoformat()})
        if scope.resolved_from and scope.resolved_before
        else None,
        next_path="/callback-figures?" + urlencode(query) if further else None,
    )


def _read(day: str, default: date) -> date | None:
    """A day of a form; None for what is none."""
    if not day.strip():
        return default
    try:
        read = date.fromisoformat(day.strip())
    except ValueError:
        return None
    return read if EARLIEST.date() <= read < LATEST.date() else None


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
