"""The page of the satisfaction index (R186, R204). Works without JavaScript."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from markupsafe import Markup

from services.satisfaction.index import rules, service
from services.satisfaction.index.schemas import By, IndexPoint
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import N_, HTMLResponse, language_of, page_router, render, translate
from shared.pages.formats import format_month
from shared.pages.interval_charts import Row, interval_chart
from shared.problems import Malformed

pages = page_router()

_FORMER = 11
MODES = {
    "phone": N_("By phone"),
    "email": N_("By e-mail"),
    "chat": N_("By chat"),
    "visit": N_("At a visit"),
    "link": N_("By link after a callback"),
    "survey": N_("In surveys"),
}
BY = {
    "": N_("All together"),
    "service": N_("Service"),
    "customer": N_("Customer"),
    "group": N_("Group"),
    "segment": N_("Segment"),
}


@pages.get("/index")
async def show_index(
    request: Request,
    session: Reading,
    _caller: Staff,
    thresholds: Thresholds,
    from_: Annotated[str, Query(alias="from", max_length=20)] = "",
    to: Annotated[str, Query(max_length=20)] = "",
    by: Annotated[By | str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Month by month; phone, link and survey stand beside each other and are never added up."""
    today = clock.now().astimezone(ZoneInfo(thresholds.time_zone)).date()
    told_by: By | None = by if by in BY and by else None  # type: ignore[assignment]
    complaint = None
    try:
        since, until = rules.choose_months(from_ or None, to or None, today)
    except Malformed:
        since, until = rules.choose_months(None, None, today)
        complaint = N_("Name two months as 2026-01, the last after the first and at most ten years later.")
    points = await service.list_points(session, since, until, thresholds.time_zone, told_by)
    return render(
        request,
        "index/show.html",
        422 if complaint else 200,
        points=points,
        since=f"{since:%Y-%m}",
        until=f"{until:%Y-%m}",
        by=told_by or "",
        choices=BY,
        modes=MODES,
        complaint=complaint,
        charts=[] if told_by else [await _draw(request, mode, points) for mode in _list_modes(points)],
    )


def _list_modes(points: Sequence[IndexPoint]) -> list[str]:
    there = {point.mode for point in points}
    return [*(mode for mode in MODES if mode in there), *sorted(there - MODES.keys())]


async def _draw(request: Request, mode: str, points: Sequence[IndexPoint]) -> Markup:
    language = language_of(request)
    own = [point for point in points if point.mode == mode]
    return await interval_chart(
        translate(request, MODES.get(mode, mode)),
        [
            Row(format_month(point.month, language), point.index, point.low, point.high, point.n)
            for point in own[-_FORMER - 1 :]
        ],
        unit="",
        language=language,
        span=(0, 100),
        upright=True,
    )
