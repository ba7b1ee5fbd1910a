"""The page of ratings (R200): what customers say of each member of staff, open to all staff."""

from urllib.parse import urlencode

from fastapi import Request

from services.satisfaction.complaints.ratings import repository
from services.satisfaction.forms import zone_of
from shared.auth import Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()

_ON_A_PAGE = 100
_LATEST = 20


@pages.get("/staff-ratings")
async def show_ratings(request: Request, session: Reading, _caller: Staff, cursor: Cursor = None) -> HTMLResponse:
    """The mean of each member of staff by name, and the latest scores with what was said."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    figures = await repository.measure(session, after, _ON_A_PAGE + 1)
    shown = figures[:_ON_A_PAGE]
    more = {"cursor": encode_cursor(shown[-1].staff)} if len(figures) > _ON_A_PAGE else None
    return render(
        request,
        "complaints/ratings.html",
        figures=shown,
        zone=zone_of(request),
        latest=await repository.list_newest(session, None, None, None, _LATEST),
        next_path=more and f"/staff-ratings?{urlencode(more)}",
    )
