"""The customer's own page: reached by a personal link, without signing in, on a phone, by keyboard, without JavaScript.

Every link that cannot be used answers alike, whether it was used, has expired, was cut short or was never made; an
address that tries many of them has to wait.
"""

from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction import public, tokens
from services.satisfaction.callbacks.conduct.rules import list_asked
from services.satisfaction.callbacks.conduct.service import load_items
from services.satisfaction.callbacks.customers.repository import get
from services.satisfaction.callbacks.links import service
from services.satisfaction.callbacks.recording import CUSTOMER
from services.satisfaction.callbacks.schemas import Completion
from services.satisfaction.callbacks.words import CONDUCT_PREFIX, LABELS, pick_conduct, read_form
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.http import Reading, Writing, acting
from shared.pages import N_, HTMLResponse, language_of, page_router, render, see_other, translate
from shared.pages.languages import LANGUAGES
from shared.problems import Problem

pages = page_router()

QUESTIONS = {
    "solved": N_("Is your problem really solved?"),
    "score": N_("How satisfied are you with the result?"),
    "comment": N_("What else would you like to say?"),
    "conduct": N_("How was the engineer who helped you?"),
}


@pages.get("/answer")
async def show_questions(request: Request, session: Reading, thresholds: Thresholds, token: str = "") -> HTMLResponse:
    """The questions, with what was saved half-way."""
    try:
        tokens.require_patience(request, clock.now())
        link, callback = await service.open_link(session, token, clock.now())
    except Problem as refusal:
        return public.refuse(request, refusal, service.write_path(token))
    return await _show(request, session, callback, token, thresholds, link.draft or {})


@pages.get("/answered")
async def show_thanks(request: Request) -> HTMLResponse:
    """What a customer reads at the end; it says nothing that depends on a link."""
    return public.end(request, public.THANKS, translate(request, public.RECORDED), f"{service.PATH}ed", tone="good")


@pages.post("/answer")
async def take_answers(
    request: Request,
    session: Writing,
    thresholds: Thresholds,
    token: Annotated[str, Form()] = "",
    solved: Annotated[str, Form(max_length=100)] = "",
    score: Annotated[str, Form(max_length=100)] = "",
    comment: Annotated[str, Form(max_length=20_000)] = "",
    action: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Save what there is so far, or answer for good: then the link is used up."""
    typed = {
        "solved": solved,
        "score": score,
        "comment": comment.replace("\x00", ""),
        **pick_conduct((await request.form()).multi_items()),
    }
    now = clock.now()
    try:
        tokens.require_patience(request, clock.now())
        link, callback = await service.lock_link(session, token, now)
    except Problem as refusal:
        return public.refuse(request, refusal, service.write_path(token))
    if action == "save" or action in LANGUAGES:
        await service.save_draft(session, link, typed, now)
        if action in LANGUAGES:
            return public.go_on_in(request, action, service.write_path(token))
        return await _show(request, session, callback, token, thresholds, typed, saved=True)
    try:
        completion = Completion.model_validate({**read_form(typed, thresholds.time_zone), "channel": "link"})
        async with acting(CUSTOMER):
            await service.answer(session, link, callback, completion, now, thresholds)
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, callback, token, thresholds, typed, refusal=refusal)
    return see_other(request, "/answered")


async def _show(
    request: Request,
    session: AsyncSession,
    callback: Row[Any],
    token: str,
    thresholds: SatisfactionSettings,
    typed: dict[str, str],
    saved: bool = False,
    refusal: ValidationError | Problem | None = None,
) -> HTMLResponse:
    language = language_of(request)
    items = list_asked(await load_items(session))
    wrong = _find_wrong(refusal) if refusal else []
    known = await get(session, callback.customer) if callback.customer else None
    return public.hide(
        render(
            request,
            "callbacks/answer.html",
            422 if refusal else 200,
            token=token,
            back=service.write_path(token),
            asked=callback,
            questions=QUESTIONS,
            labels=LABELS,
            items={f"{CONDUCT_PREFIX}{item.key}": item.wording(language) for item in items},
            typed={**dict.fromkeys(QUESTIONS, ""), **typed},
            saved=saved,
            wrong=wrong,
            zone=(known and known.zone) or thresholds.time_zone,
        )
    )


def _find_wrong(refusal: ValidationError | Problem) -> list[str]:
    """The questions that were not answered as they can be."""
    if isinstance(refusal, Problem):
        return ["conduct"]
    return list(dict.fromkeys(str(error["loc"][0]) for error in refusal.errors()))
