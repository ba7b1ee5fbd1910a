"""A small service with two pages, one of them a form, to see what `shared.pages` gives every service."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Form, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount

from shared import pages, problems
from shared.auth import SESSION_COOKIE, Caller, Role, Staff, TokenVerifier, mint
from shared.http import Edge
from shared.settings import Settings

_LIST = """
{% extends "base.html" %}
{% block title %}{{ _("Gaps") }}{% endblock %}
{% block content %}<h1>{{ _("Gaps") }}</h1><p id="note">{{ note }}</p>
<p>{{ _("75 % for a share") }}; {{ _(note) }}; {{ _("by %(who)s", who=note) }};
{{ ngettext("%(num)s gap", "%(num)s gaps", 2) }}; {% trans count=1 -%}
{{ count }} measure{% pluralize %}{{ count }} measures{% endtrans %}</p>{% endblock %}
"""


@dataclass
class Site:
    app: Starlette
    settings: Settings

    def token(self, *roles: Role, lifetime: timedelta = timedelta(hours=1), **claims: object) -> str:
        return mint(self.settings, "anna", list(roles or (Role.AUDITOR,)), lifetime, **claims)

    def browser(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A client that asks as browsers do, with the console's cookie when there is a token."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://ratchet.test",
            headers={"Accept": "text/html,application/xhtml+xml", **headers},
            cookies={SESSION_COOKIE: token} if token else {},
        )


@pytest.fixture
def site(tmp_path: Path, settings: Settings) -> Site:
    (tmp_path / "gaps" / "templates").mkdir(parents=True)
    (tmp_path / "gaps" / "templates" / "list.html").write_text(_LIST)
    (tmp_path / "gaps" / "templates" / "wrong.html").write_text("{{ undefined_name }}")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "subnav.html").write_text('<a href="{{ url("/gaps") }}"{{ here("/gaps") }}>here</a>')
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "zh-CN.json").write_text('{"Gaps": "差距", "%(num)s gap": "%(num)s 个差距"}', "utf-8")

    app = FastAPI()
    app.state.verifier = TokenVerifier(settings)
    routes = pages.page_router()

    @routes.get("/gaps")
    async def show(request: Request, _caller: Staff, note: str = "") -> Response:
        return pages.render(request, "gaps/list.html", note=note)

    @routes.post("/gaps")
    async def save(request: Request, _caller: Caller, reason: Annotated[str, Form(max_length=10)]) -> Response:
        if reason == "refuse":
            raise problems.IllegalTransition("dismiss", "closed", [])
        return pages.see_other(request, "/gaps")

    @routes.get("/wrong")
    async def wrong(request: Request) -> Response:
        return pages.render(request, "gaps/wrong.html")

    app.include_router(routes)
    app.add_api_route("/v1/crash", lambda: 1 / 0)
    problems.install(app)
    pages.install(app, "metrics", tmp_path)
    app.add_middleware(Edge, service="metrics", body_limit_bytes=1_000_000)
    return Site(Starlette(routes=[Mount("/metrics", app)]), settings)
