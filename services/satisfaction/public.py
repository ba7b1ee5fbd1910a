"""What the pages share that customers reach by a personal link, without signing in: they are kept nowhere, and every
link that cannot be used gets the same answer."""

from fastapi import Request
from fastapi.responses import RedirectResponse

from services.satisfaction import tokens
from shared import clock
from shared.pages import N_, HTMLResponse, render, translate
from shared.pages.languages import LANGUAGE_COOKIE
from shared.problems import Problem

_MONTH_SECONDS = 30 * 24 * 3600
THANKS = N_("Thank you")
RECORDED = N_("Your answers have been recorded. You can close this page.")


def refuse(request: Request, refusal: Problem, back: str) -> HTMLResponse:
    """A link that cannot be used, or an address that has tried too many of these; `back` is this page once more, in
    another language."""
    if isinstance(refusal, tokens.TooManyMisses):
        title = N_("Please wait a minute")
        text = N_("Too many attempts came from your network. Please open your link again in a minute.")
        answer = end(request, title, translate(request, text), back, refusal.status)
        answer.headers["Retry-After"] = "60"
        return answer
    tokens.note_miss(request, clock.now())
    title = N_("This link cannot be used")
    text = N_(
        "It works once and for a limited time. If you have answered already, there is nothing more to do. "
        "If you would like to tell us something, please call our desk."
    )
    return end(request, title, translate(request, text), back, refusal.status)


def end(request: Request, title: str, text: str, back: str, status: int = 200, tone: str = "neutral") -> HTMLResponse:
    """The last page: a title that is translated, and a text in the reader's language."""
    title = translate(request, title)
    return hide(render(request, "end.html", status, title=title, text=text, back=back, tone=tone))


def go_on_in(request: Request, language: str, path: str) -> RedirectResponse:
    """On to this path in another language, which is remembered for a month."""
    onward = RedirectResponse(path, 303)
    secure = request.url.scheme == "https"
    onward.set_cookie(LANGUAGE_COOKIE, language, max_age=_MONTH_SECONDS, path="/", samesite="lax", secure=secure)
    return onward


def hide(answer: HTMLResponse) -> HTMLResponse:
    """A page with a secret in its address or on it: kept nowhere, told to nobody."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
