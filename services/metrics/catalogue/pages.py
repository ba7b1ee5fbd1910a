"""The page of the service catalogue."""

from collections import Counter
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request

from services.metrics.catalogue import repository, rules, words
from services.metrics.measures.rules import parse_scope
from shared.auth import Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render

pages = page_router()
_MOST_SERVICES = 100


@pages.get("/catalogue")
async def show_catalogue(
    request: Request,
    session: Reading,
    caller: Staff,
    after: Annotated[str | None, Query(max_length=200)] = None,
) -> HTMLResponse:
    """The services that the reader may see, with their owners and how many gaps are open on each."""
    visible_to = None if rules.is_editor(caller) else caller.roles
    rows = await repository.list_services(session, {}, visible_to, after, _MOST_SERVICES + 1)
    services = rows[:_MOST_SERVICES]
    gaps: Counter[str] = Counter()
    for scope, count in await repository.count_open_gaps(session):
        named = dict(zip(*_dimensions(scope), strict=True))
        if "service" in named:
            gaps[named["service"]] += count
    return render(
        request,
        "catalogue/list.html",
        services=services,
        gaps=gaps,
        words=words,
        next_path="/catalogue?" + urlencode({"after": services[-1].key}) if len(rows) > len(services) else None,
    )


def _dimensions(scope: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parsed = parse_scope(scope)
    return parsed.dimensions, parsed.values
