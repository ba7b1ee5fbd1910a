"""Pages: what every service needs to show its data to people, in English and Chinese, without a build step.

A noun's pages are its `pages.py` and the folder `templates/` beside it; nothing is registered but the router:

    pages = page_router()                                    # in Definition.routers, beside `routes`

    @pages.get("/gaps")
    async def show_gaps(request: Request, session: Reading, _caller: Staff) -> HTMLResponse:
        return render(request, "gaps/list.html", gaps=await repository.list_gaps(session))

    @pages.post("/gaps/{gap_id}/dismissal")                  # a form; `authenticate` refuses writes from other sites
    async def dismiss(request: Request, session: Writing, caller: Supervisor, gap_id: UUID,
                      reason: Annotated[str, Form(max_length=2000)]) -> RedirectResponse:
        await service.dismiss_gap(session, gap_id, reason)
        return see_other(request, f"/gaps/{gap_id}")

Templates. `"gaps/list.html"` is `services/<service>/gaps/templates/list.html`; a name without folder is looked up in
`services/<service>/templates/`, then here. `services/<service>/templates/subnav.html`, where it exists, is the
service's own navigation (`<a href="{{ url('/gaps') }}"{{ here('/gaps') }}>`). A page begins

    {% extends "base.html" %}
    {% import "macros.html" as ui %}
    {% block title %}{{ _("Gaps") }}{% endblock %}
    {% block content %} … {% endblock %}

and has, beside its context: `url(path)` (a path of this service), `here(path)`, `service`, `path`, `principal` (None
when nobody is signed in) and `language`. Undefined names are errors; everything is escaped.

Filters by language, times in UTC: `moment` (date and time, as <time>), `date`, `month`, `number(decimals)`, `percent`
(a share from 0 to 1), `duration` (seconds or timedelta), `quantity(unit)` (a measure's value) and `relative(now)`.

Words. `_("…")`, `_("by %(who)s", who=name)`, `{% trans %}` and `ngettext` in templates; in Python mark a message with
`N_("…")` where it is written down (a state's label) and say `_(label)` in the template, or `translate(request, "…")`.
zh-CN is in `services/<service>/locales/zh-CN.json` (message → translation; here for the shared ones); a test names
every message that has none.

Charts: `await line_chart(...)` of `shared.pages.charts` gives Markup for a template's context.

Problems that a page raises are told as a readable page; without a good token one gets the sign-in page.
"""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.pages import errors, sign_in, static
from shared.pages.languages import N_
from shared.pages.rendering import Pages, language_of, render, safe_path, translate

__all__ = [
    "N_",
    "HTMLResponse",
    "install",
    "language_of",
    "page_router",
    "render",
    "safe_path",
    "see_other",
    "translate",
]


def page_router() -> APIRouter:
    """A router for the pages of one noun: not part of the OpenAPI."""
    return APIRouter(include_in_schema=False)


def see_other(request: Request, path: str) -> RedirectResponse:
    """On to a page of this service after a form was taken; `path` as in the route, without the service's name."""
    pages: Pages = request.app.state.pages
    return RedirectResponse(pages.url(path), 303)


def install(app: FastAPI, service: str, folder: Path) -> None:
    """Give this service its pages: templates and words from its folder, stylesheet, sign-in, readable errors."""
    app.state.pages = Pages(service, folder)
    app.include_router(sign_in.routes)
    app.mount("/static", static.files)
    errors.install(app)
