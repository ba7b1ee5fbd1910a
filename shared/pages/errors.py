"""What a browser is shown where a program is answered with a problem document."""

from collections.abc import Awaitable, Callable
from typing import cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.auth import SESSION_COOKIE, TokenVerifier
from shared.pages.languages import N_
from shared.pages.rendering import render, translate
from shared.pages.sign_in import show_sign_in
from shared.problems import Problem, Unauthenticated

_FOR_PROGRAMS = ("/v1/", "/internal/", "/healthz", "/readyz", "/openapi.json", "/docs", "/static/")
_HEADLINES = {
    401: N_("Please sign in"),
    403: N_("You may not do this"),
    404: N_("There is nothing here"),
    409: N_("This cannot be done now"),
    412: N_("Somebody else was faster"),
    413: N_("That is too large"),
    422: N_("Something is missing or malformed"),
    500: N_("Ratchet failed here"),
}
_OTHERWISE = N_("This did not work")
_LEADS_NOWHERE = N_("The address leads nowhere: it may be mistyped, or what was here is gone.")

_Answer = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Let pages answer people; `shared.problems.install` comes first and keeps answering programs."""
    for kind in (Problem, RequestValidationError, HTTPException, Exception):
        answer = cast("_Answer", app.exception_handlers[kind])
        app.add_exception_handler(kind, _for_people(answer))


def _for_people(answer: _Answer) -> _Answer:
    async def tell(request: Request, exc: Exception) -> Response:
        response = await answer(request, exc)
        return await _as_page(request, response) if _is_read_by_a_person(request) else response

    return tell


def _is_read_by_a_person(request: Request) -> bool:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return "text/html" in request.headers.get("accept", "") and not path.startswith(_FOR_PROGRAMS)


async def _as_page(request: Request, response: Response) -> Response:
    problem = orjson.loads(response.body)
    signed_in = await _notice_reader(request)
    if response.status_code == 401:
        asked_for = str(request.url.replace(scheme="", netloc="")) if request.method == "GET" else None
        why = problem["detail"] if request.cookies.get(SESSION_COOKIE) and not signed_in else None
        page: Response = show_sign_in(request, 401, why, asked_for)
    else:
        if problem["detail"] == "Not Found":
            problem["detail"] = translate(request, _LEADS_NOWHERE)
        headline = _HEADLINES.get(response.status_code, _OTHERWISE)
        page = render(request, "error.html", response.status_code, headline=headline, problem=problem)
    for name in ("www-authenticate", "allow"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


async def _notice_reader(request: Request) -> bool:
    """Whether somebody is signed in, also where the route was left before it asked."""
    if getattr(request.state, "principal", None) is None and (cookie := request.cookies.get(SESSION_COOKIE)):
        verifier: TokenVerifier = request.app.state.verifier
        try:
            request.state.principal = await verifier.verify(cookie)
        except Unauthenticated:
            return False
    return getattr(request.state, "principal", None) is not None
