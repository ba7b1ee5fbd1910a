"""One callback in a browser: what is known of it, and what came of the call. Works without JavaScript."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import recording, repository, rules, service
from services.satisfaction.callbacks.callers.service import list_names
from services.satisfaction.callbacks.conduct.rules import Item, list_asked
from services.satisfaction.callbacks.conduct.service import load_items
from services.satisfaction.callbacks.links import service as links
from services.satisfaction.callbacks.links.repository import find_live
from services.satisfaction.callbacks.routes import RECORDERS, Reader, Recorder
from services.satisfaction.callbacks.schemas import Attempt, Callback, Completion, GivingUp, NewAttempt
from services.satisfaction.callbacks.words import (
    DONE,
    FIELDS,
    LABELS,
    find_number,
    pick_conduct,
    put_in_words,
    read_form,
)
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Principal, Role
from shared.http import Reading, Writing
from shared.pages import HTMLResponse, language_of, page_router, render, see_other
from shared.pages.forms import Refused, status_of
from shared.problems import Problem

pages = page_router()

Line = Annotated[str, Form(max_length=100)]
Words = Annotated[str, Form(max_length=20_000)]


@pages.get("/callbacks/{callback_id}")
async def show_callback(
    request: Request,
    callback_id: UUID,
    session: Reading,
    caller: Reader,
    thresholds: Thresholds,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """One callback: the incident, the attempts, and what can be recorded now."""
    return await _show(request, session, callback_id, caller, thresholds, done=DONE.get(done))


@pages.post("/callbacks/{callback_id}/attempts")
async def take_attempt(
    request: Request,
    callback_id: UUID,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    channel: Line = "",
    outcome: Line = "",
    note: Words = "",
    attempted_at: Line = "",
    next_attempt_at: Line = "",
) -> Response:
    """The form of an attempt."""
    typed = {
        "channel": channel,
        "outcome": outcome,
        "note": note,
        "attempted_at": attempted_at,
        "next_attempt_at": next_attempt_at,
    }
    row = await service.lock_callback(session, callback_id)
    try:
        attempt = NewAttempt.model_validate(read_form(typed, thresholds.time_zone))
        await recording.record_attempt(session, row, caller, attempt, clock.now(), thresholds)
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, callback_id, caller, thresholds, refusal, typed)
    return see_other(request, "/callbacks?done=attempt")


@pages.post("/callbacks/{callback_id}/complete")
async def take_completion(
    request: Request,
    callback_id: UUID,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    solved: Line = "",
    score: Line = "",
    comment: Words = "",
    channel: Line = "",
    completed_at: Line = "",
) -> Response:
    """The form of the customer's answers."""
    typed = {
        "solved": solved,
        "score": score,
        "comment": comment,
        "channel": channel,
        "completed_at": completed_at,
        **pick_conduct((await request.form()).multi_items()),
    }
    row = await service.lock_callback(session, callback_id)
    try:
        completion = Completion.model_validate(read_form(typed, thresholds.time_zone))
        await recording.complete_callback(session, row, caller, completion, clock.now(), thresholds)
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, callback_id, caller, thresholds, refusal, typed)
    return see_other(request, "/callbacks?done=completion")


@pages.post("/callbacks/{callback_id}/unreachable")
async def take_giving_up(
    request: Request,
    callback_id: UUID,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    reason: Words = "",
) -> Response:
    """The form of giving up."""
    row = await service.lock_callback(session, callback_id)
    try:
        giving_up = GivingUp.model_validate(read_form({"reason": reason}, thresholds.time_zone))
        await recording.give_up_callback(session, row, caller, giving_up, clock.now(), thresholds)
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, callback_id, caller, thresholds, refusal, {"reason": reason})
    return see_other(request, "/callbacks?done=unreachable")


@pages.post("/callbacks/{callback_id}/link")
async def make_link(
    request: Request, callback_id: UUID, session: Writing, caller: Recorder, thresholds: Thresholds
) -> Response:
    """The customer's link, shown once."""
    row = await service.lock_callback(session, callback_id)
    try:
        _, token = await links.issue_link(session, row, caller, clock.now(), thresholds)
    except Problem as refusal:
        return await _show(request, session, callback_id, caller, thresholds, refusal)
    url = links.write_url(thresholds.public_url or str(request.base_url), token)
    answer = await _show(request, session, callback_id, caller, thresholds, link=url)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _show(
    request: Request,
    session: AsyncSession,
    callback_id: UUID,
    caller: Principal,
    thresholds: SatisfactionSettings,
    refusal: Refused | None = None,
    typed: dict[str, str] | None = None,
    link: str | None = None,
    done: str | None = None,
) -> HTMLResponse:
    """One callback; after a refusal with what was wrong, in words, and with what was typed."""
    now = clock.now()
    row = await service.get_callback(session, callback_id, now, thresholds.claim_by)
    attempts = [Attempt.of(attempt) for attempt in await repository.list_attempts(session, row.id)]
    callback = Callback.of(row, now, thresholds)
    items = await load_items(session)
    known_as = await list_names(session, caller)
    return render(
        request,
        "callbacks/one.html",
        status_of(refusal),
        attempts=attempts,
        complaint=put_in_words(request, refusal),
        typed_anything=typed is not None,
        done=done,
        link=link,
        live_link=await find_live(session, callback_id, now) if row.state == "due" else None,
        may_release=may_release(callback, caller),
        **surround(callback, caller, known_as, thresholds, now, language_of(request), items, typed),
    )


def may_release(callback: Callback, caller: Principal) -> bool:
    """Whether this reader may end the claim on the customer."""
    if callback.claim is None:
        return False
    is_manager = not caller.roles.isdisjoint((Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER))
    return is_manager or callback.claim.holder == caller.subject


def surround(
    callback: Callback,
    caller: Principal,
    known_as: Iterable[str],
    thresholds: SatisfactionSettings,
    now: datetime,
    language: str,
    items: dict[str, Item],
    typed: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What the templates need to show a callback with its forms."""
    claim = callback.claim
    return {
        "callback": callback,
        "labels": LABELS,
        "fields": FIELDS,
        "conduct": {item.key: item.wording(language) for item in list_asked(items)},
        "wordings": {item.key: item.wording(language) for item in items.values()},
        "may_record": not caller.roles.isdisjoint(RECORDERS),
        "is_resolver": rules.is_resolver(known_as, callback.resolver),
        "is_mine": claim is not None and claim.holder == caller.subject,
        "is_anothers": claim is not None and claim.holder != caller.subject,
        "missing_attempts": max(0, thresholds.unreachable_after_attempts - callback.failed_attempt_count),
        "typed": {**dict.fromkeys(FIELDS, ""), **(typed or {})},
        "dial": find_number(callback.contact),
        "zone": thresholds.time_zone,
        "now": now,
    }
