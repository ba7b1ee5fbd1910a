"""Signing in: a link with a token, as `ratchet token` prints it, or a form that takes one; the cookie; the language.

The cookie is `SameSite=Lax`: a link in a mail or chat must find its reader signed in. Nothing is written by GET, and
`shared.auth.authenticate` refuses writes by cookie that do not come from our own pages.
"""

from typing import Annotated

import jwt
from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from shared import clock
from shared.auth import SESSION_COOKIE, TokenVerifier, is_same_origin
from shared.pages.languages import LANGUAGE_COOKIE, LANGUAGES
from shared.pages.rendering import Pages, render, safe_path
from shared.problems import Forbidden, Unauthenticated

routes = APIRouter(include_in_schema=False)
_YEAR_SECONDS = 365 * 24 * 3600
_MOST_TOKEN = 4000


@routes.get("/sign-in")
async def sign_in_by_link(
    request: Request,
    token: Annotated[str | None, Query(max_length=_MOST_TOKEN)] = None,
    next_path: Annotated[str | None, Query(alias="next", max_length=2000)] = None,
) -> Response:
    """With a token: sign in and go on, so that the token stays in no history. Without: the form."""
    if token is None:
        return show_sign_in(request, 200, next_path=next_path)
    return await _sign_in(request, token, next_path)


@routes.post("/sign-in")
async def sign_in_by_form(
    request: Request,
    token: Annotated[str, Form(max_length=_MOST_TOKEN)] = "",
    next_path: Annotated[str | None, Form(alias="next", max_length=2000)] = None,
) -> Response:
    """The token from the form. Only our own form may sign somebody in."""
    if not is_same_origin(request):
        raise Forbidden("this sign-in did not come from Ratchet's own pages")
    return await _sign_in(request, token, next_path)


@routes.post("/sign-out")
async def sign_out(request: Request) -> RedirectResponse:
    """Forget the cookie."""
    if not is_same_origin(request):
        raise Forbidden("this sign-out did not come from Ratchet's own pages")
    pages: Pages = request.app.state.pages
    response = RedirectResponse(pages.url("/sign-in"), 303)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@routes.get("/language")
async def choose(
    request: Request, to: Annotated[str, Query(max_length=10)], back: Annotated[str, Query(max_length=2000)] = "/"
) -> RedirectResponse:
    """Remember the reader's language and go back; an unknown language changes nothing."""
    response = RedirectResponse(safe_path(back) or "/", 303)
    if to in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, to, max_age=_YEAR_SECONDS, path="/", samesite="lax", secure=request.url.scheme == "https"
        )
    return response


def show_sign_in(request: Request, status: int, why: str | None = None, next_path: str | None = None) -> HTMLResponse:
    """The page that says how to get in."""
    response = render(request, "sign_in.html", status, why=why, next_path=safe_path(next_path))
    response.headers["Cache-Control"] = "no-store"
    return response


async def _sign_in(request: Request, token: str, next_path: str | None) -> Response:
    verifier: TokenVerifier = request.app.state.verifier
    token = token.strip()
    try:
        await verifier.verify(token)
    except Unauthenticated as refusal:
        answer = show_sign_in(request, 401, refusal.detail if token else None, next_path)
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer
    expires: float = jwt.decode(token, options={"verify_signature": False})["exp"]
    response = RedirectResponse(safe_path(next_path) or "/", 303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=max(0, int(expires - clock.now().timestamp())),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
