"""The desk's page: which promise is about to break, and which is broken."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request

from services.metrics.clauses import repository
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()
_ON_A_PAGE = 50
_STATES = {"at_risk": (N_("At risk"), "warn"), "breached": (N_("Breached"), "bad")}
Words = Annotated[str, Query(max_length=200)]


@pages.get("/at-risk")
async def show_at_risk(
    request: Request,
    session: Reading,
    _caller: Staff,
    customer: Words = "",
    service: Words = "",
    group: Words = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """R58: open tickets at risk or breached, due next first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    given = {"customer": customer.strip(), "service": service.strip(), "group": group.strip()}
    filters = repository.WorkFilters(**{name: value or None for name, value in given.items()})
    rows = await repository.list_at_risk(session, filters, after, _ON_A_PAGE + 1)
    next_path = None
    if len(rows) > _ON_A_PAGE:
        last = rows[_ON_A_PAGE - 1]
        behind = encode_cursor(last.order_at.isoformat(), str(last.id))
        chosen = {name: value for name, value in given.items() if value}
        next_path = "/at-risk?" + urlencode({**chosen, "cursor": behind})
    return render(
        request,
        "clauses/at_risk.html",
        rows=rows[:_ON_A_PAGE],
        states=_STATES,
        given=given,
        next_path=next_path,
        now=clock.now(),
    )
