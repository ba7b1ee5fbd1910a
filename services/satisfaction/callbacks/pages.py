"""The desk's worklist: whom to call next, and what came of it. Works without JavaScript."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository, rules, service
from services.satisfaction.callbacks.repository import Filters, Scope
from services.satisfaction.callbacks.routes import RECORDERS, Reader, Recorder, read_cursor, write_cursor
from services.satisfaction.callbacks.schemas import Attempt, Callback, Completion, GivingUp, NewAttempt
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Principal
from shared.http import Reading, Writing
from shared.pages import N_, HTMLResponse, page_router, render, see_other, translate
from shared.pagination import Cursor
from shared.problems import IllegalTransition, Missing, Problem

pages = page_router()

ON_A_PAGE = 25
AGREED_SHOWN = 25
COVERAGE_DAYS = 30

Line = Annotated[str, Form(max_length=100)]
Words = Annotated[str, Form(max_length=20_000)]

STATES = {
    "due": (N_("Due"), "accent"),
    "completed": (N_("Completed"), "good"),
    "unreachable": (N_("Unreachable"), "warn"),
    "cancelled": (N_("Cancelled"), "neutral"),
}
SOLVED = {"yes": N_("Yes"), "partly": N_("Partly"), "no": N_("No")}
SCORES = {
    "5": N_("5 – very satisfied"),
    "4": N_("4 – satisfied"),
    "3": N_("3 – neither"),
    "2": N_("2 – dissatisfied"),
    "1": N_("1 – very dissatisfied"),
}
CHANNELS = {
    "phone": N_("Phone"),
    "email": N_("E-mail"),
    "chat": N_("Chat"),
    "visit": N_("Visit"),
    "link": N_("Link"),
}
OUTCOMES = {
    "no_answer": N_("No answer"),
    "busy": N_("Busy"),
    "wrong_number": N_("Wrong number"),
    "refused": N_("Did not want to answer"),
    "reached": N_("Reached"),
}
CONDUCT = {"courtesy": N_("Courtesy"), "explained": N_("Explained the fault")}
_LABELS = {"states": STATES, "solved": SOLVED, "scores": SCORES, "channels": CHANNELS, "outcomes": OUTCOMES}
_DONE = {
    "attempt": N_("The attempt is recorded."),
    "completion": N_("The answers are recorded."),
    "unreachable": N_("Recorded: the customer could not be reached."),
}
_FIELDS = {
    "solved": N_("Is it really solved?"),
    "score": N_("How satisfied with the result?"),
    "comment": N_("In the customer's words"),
    "channel": N_("Channel"),
    "completed_at": N_("Asked at (UTC; empty: now)"),
    "attempted_at": N_("Tried at (UTC; empty: now)"),
    "next_attempt_at": N_("Agreed: try again at (UTC)"),
    "outcome": N_("What came of it?"),
    "note": N_("Note"),
    "reason": N_("Why give up?"),
    "conduct": N_("The engineer's conduct"),
}
_REFUSALS: dict[type[Problem], str] = {
    rules.CallerIsResolver: N_("You resolved this incident yourself: somebody else has to ask the customer."),
    rules.TimeInFuture: N_("This time lies in the future."),
    rules.TimeBeforeResolution: N_("This time lies before the resolution."),
    rules.NextAttemptNotLater: N_("The next attempt has to come after this one."),
    IllegalTransition: N_("This callback is settled: nothing more can be recorded."),
    Missing: N_("More attempts have to fail before you can give up."),
}


@pages.get("/callbacks")
async def show_worklist(
    request: Request,
    session: Reading,
    caller: Reader,
    thresholds: Thresholds,
    external_id: Annotated[str, Query(max_length=300)] = "",
    cursor: Cursor = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Whom to call next, with the forms for it; then who follows. With `external_id`, that incident's callbacks."""
    now = clock.now()
    after = read_cursor(cursor)
    if external_id.strip():
        filters = Filters(now, external_id=external_id.strip())
        rows = await repository.list_callbacks(session, filters, after, ON_A_PAGE + 1)
    else:
        rows = await repository.list_callable(session, now, after, ON_A_PAGE + 1)
    is_front = after is None and not external_id.strip()
    agreed = await repository.list_agreed(session, now, AGREED_SHOWN) if is_front else []
    first = Callback.of(rows[0], now) if rows and is_front else None
    following = [Callback.of(row, now) for row in rows[is_front:ON_A_PAGE]]
    open_, overdue = await repository.count_open(session, now)
    return render(
        request,
        "callbacks/worklist.html",
        coverage=await service.measure_coverage(session, Scope(now - timedelta(days=COVERAGE_DAYS)), now),
        coverage_days=COVERAGE_DAYS,
        open=open_,
        overdue=overdue,
        following=following,
        agreed=[Callback.of(row, now) for row in agreed],
        external_id=external_id,
        done=_DONE.get(done),
        next_path=_next_path(rows, now, external_id),
        **(_surround(first, caller, thresholds, now) if first else {"callback": None, "labels": _LABELS, "now": now}),
    )


@pages.get("/callbacks/{callback_id}")
async def show_callback(
    request: Request, callback_id: UUID, session: Reading, caller: Reader, thresholds: Thresholds
) -> HTMLResponse:
    """One callback: the incident, the attempts, and what can be recorded now."""
    row = await service.get_callback(session, callback_id)
    return await _show(request, session, row, caller, thresholds)


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
        attempt = NewAttempt.model_validate(_read(typed))
        await service.record_attempt(session, row, caller, attempt, clock.now())
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, row, caller, thresholds, refusal, typed)
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
    courtesy: Line = "",
    explained: Line = "",
) -> Response:
    """The form of the customer's answers."""
    typed = {
        "solved": solved,
        "score": score,
        "comment": comment,
        "channel": channel,
        "completed_at": completed_at,
        "courtesy": courtesy,
        "explained": explained,
    }
    row = await service.lock_callback(session, callback_id)
    try:
        given = _read(typed)
        conduct = {item: given.pop(item) for item in CONDUCT if item in given}
        completion = Completion.model_validate({**given, **({"conduct": conduct} if conduct else {})})
        await service.complete_callback(
            session, row, caller, completion, clock.now(), thresholds.dissatisfied_up_to_score
        )
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, row, caller, thresholds, refusal, typed)
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
        giving_up = GivingUp.model_validate(_read({"reason": reason}))
        await service.give_up_callback(
            session, row, caller, giving_up, clock.now(), thresholds.unreachable_after_attempts
        )
    except (ValidationError, Problem) as refusal:
        return await _show(request, session, row, caller, thresholds, refusal, {"reason": reason})
    return see_other(request, "/callbacks?done=unreachable")


async def _show(
    request: Request,
    session: AsyncSession,
    row: Row[Any],
    caller: Principal,
    thresholds: SatisfactionSettings,
    refusal: ValidationError | Problem | None = None,
    typed: dict[str, str] | None = None,
) -> HTMLResponse:
    """One callback; after a refusal with what was wrong, in words, and with what was typed."""
    now = clock.now()
    attempts = [Attempt.of(attempt) for attempt in await repository.list_attempts(session, row.id)]
    status = 200 if refusal is None else refusal.status if isinstance(refusal, Problem) else 422
    surroundings = _surround(Callback.of(row, now), caller, thresholds, now, typed)
    complaint = refusal and _put_in_words(request, refusal)
    return render(request, "callbacks/one.html", status, attempts=attempts, complaint=complaint, **surroundings)


def _surround(
    callback: Callback,
    caller: Principal,
    thresholds: SatisfactionSettings,
    now: datetime,
    typed: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What the templates need to show a callback with its forms."""
    return {
        "callback": callback,
        "labels": _LABELS,
        "fields": _FIELDS,
        "conduct": CONDUCT,
        "may_record": not caller.roles.isdisjoint(RECORDERS),
        "is_resolver": _is_resolver(caller, callback.resolver),
        "missing_attempts": max(0, thresholds.unreachable_after_attempts - callback.failed_attempt_count),
        "typed": {**dict.fromkeys([*_FIELDS, *CONDUCT], ""), **(typed or {})},
        "now": now,
    }


def _is_resolver(caller: Principal, resolver: str | None) -> bool:
    try:
        rules.check_caller(caller.subject, caller.name, resolver)
    except rules.CallerIsResolver:
        return True
    return False


def _read(typed: dict[str, str]) -> dict[str, Any]:
    """What a form holds, as a request body has it: nothing for what was left empty, times in UTC, scores as numbers."""
    given: dict[str, Any] = {}
    for field, value in typed.items():
        if not value.strip():
            continue
        if field.endswith("_at"):
            given[field] = f"{value.strip()}Z"
        elif field in ("score", *CONDUCT):
            given[field] = int(value) if value in SCORES else value
        else:
            given[field] = value
    return given


def _put_in_words(request: Request, refusal: ValidationError | Problem) -> str:
    if isinstance(refusal, Problem):
        known = next((words for kind, words in _REFUSALS.items() if isinstance(refusal, kind)), None)
        return refusal.detail if known is None else translate(request, known)
    wrong = dict.fromkeys(str(error["loc"][0]) for error in refusal.errors())
    labels = ", ".join(translate(request, _FIELDS[field]) for field in wrong)
    return f"{translate(request, N_('Please fill in or mend:'))} {labels}"


def _next_path(rows: Any, now: datetime, external_id: str) -> str | None:
    if len(rows) <= ON_A_PAGE:
        return None
    given = {"cursor": write_cursor(Callback.of(rows[ON_A_PAGE - 1], now)), "external_id": external_id}
    return "/callbacks?" + urlencode({name: value for name, value in given.items() if value})
