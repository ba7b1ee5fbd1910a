"""The desk's worklist: whom to call next, who is being called, and what the clock says. Works without JavaScript."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository as callbacks
from services.satisfaction.callbacks.callers.service import list_names
from services.satisfaction.callbacks.conduct.service import load_items
from services.satisfaction.callbacks.pages import surround
from services.satisfaction.callbacks.repository import Filters
from services.satisfaction.callbacks.routes import RECORDERS, Reader, Recorder, read_cursor, write_cursor
from services.satisfaction.callbacks.rules import is_resolver
from services.satisfaction.callbacks.schemas import Attempt, Callback
from services.satisfaction.callbacks.service import lock_callback
from services.satisfaction.callbacks.words import DONE, LABELS, put_in_words
from services.satisfaction.callbacks.worklist import service
from services.satisfaction.callbacks.worklist.glance import COVERAGE_DAYS, Glances
from services.satisfaction.callbacks.worklist.routes import may_release_anybodys
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Principal
from shared.http import Reading, Writing
from shared.pages import HTMLResponse, language_of, page_router, render, see_other
from shared.pagination import Cursor
from shared.problems import Problem

pages = page_router()

ON_A_PAGE = 25
BESIDE = 25


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody wants to see of the list; nothing chosen is whom to call."""

    external_id: str = ""
    history: bool = False
    after: tuple[datetime, UUID] | None = None


_EVERYTHING = Chosen()


@pages.get("/callbacks")
async def show_worklist(
    request: Request,
    session: Reading,
    caller: Reader,
    thresholds: Thresholds,
    external_id: Annotated[str, Query(max_length=300)] = "",
    history: Annotated[str, Query(max_length=10)] = "",
    cursor: Cursor = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """What this agent holds, with the forms, or whom to call next; then who follows, and who is not to be called now.
    With `external_id`, that incident's callbacks; with `history`, what was heard of too late to call."""
    chosen = Chosen(external_id.strip(), bool(history), read_cursor(cursor))
    return await _show(request, session, caller, thresholds, chosen, DONE.get(done))


@pages.post("/callbacks/claim-next")
async def take_next(request: Request, session: Writing, caller: Recorder, thresholds: Thresholds) -> Response:
    """Whoever is due next is this agent's to call."""
    try:
        await service.claim_next(session, caller, clock.now(), thresholds)
    except Problem as refusal:
        return await _show(request, session, caller, thresholds, refusal=refusal)
    return see_other(request, "/callbacks?done=claimed")


@pages.post("/callbacks/{callback_id}/claim")
async def take_this(
    request: Request,
    callback_id: UUID,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    despite_quiet_hours: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """This customer is this agent's to call."""
    row = await lock_callback(session, callback_id)
    try:
        await service.claim_callback(session, row, caller, clock.now(), thresholds, bool(despite_quiet_hours))
    except Problem as refusal:
        return await _show(request, session, caller, thresholds, refusal=refusal)
    return see_other(request, f"/callbacks/{callback_id}?done=claimed")


@pages.post("/callbacks/{callback_id}/release")
async def give_back(
    request: Request, callback_id: UUID, session: Writing, caller: Recorder, thresholds: Thresholds
) -> Response:
    """Others may call this customer again."""
    row = await lock_callback(session, callback_id)
    try:
        anybodys = may_release_anybodys(caller.roles)
        await service.release_callback(session, row, caller, clock.now(), thresholds, anybodys)
    except Problem as refusal:
        return await _show(request, session, caller, thresholds, refusal=refusal)
    return see_other(request, "/callbacks?done=released")


async def _show(
    request: Request,
    session: AsyncSession,
    caller: Principal,
    thresholds: SatisfactionSettings,
    chosen: Chosen = _EVERYTHING,
    done: str | None = None,
    refusal: Problem | None = None,
) -> HTMLResponse:
    now = clock.now()

    def show(rows: Any) -> list[Callback]:
        return [Callback.of(row, now, thresholds) for row in rows]

    found = service.Worklist([], [], [], [], [])
    own: list[Callback] = []
    held: list[Callback] = []
    agreed: list[Callback] = []
    quiet: list[Callback] = []
    looking = await service.look(session, caller, now, thresholds)
    if chosen.external_id:
        filters = Filters(now, external_id=chosen.external_id)
        waiting = show(
            await callbacks.list_callbacks(session, filters, thresholds.claim_by, chosen.after, ON_A_PAGE + 1)
        )
    elif chosen.history:
        waiting = show(await service.VIEWS["history"](session, looking, chosen.after, ON_A_PAGE + 1))
    else:
        found = await service.list_worklist(session, looking, chosen.after, ON_A_PAGE + 1, BESIDE)
        own, waiting, held = show(found.own), show(found.callable), show(found.held)
        agreed, quiet = show(found.agreed), show(found.quiet)
    following = waiting[:ON_A_PAGE]
    known_as = await list_names(session, caller)
    offered: list[Callback] = []
    if chosen == _EVERYTHING:
        resting = await service.find_resting(session, found.callable, now, thresholds)
        offered = sorted(following, key=lambda one: one.id in resting)
    first = _find_first(own, offered, known_as)
    attempts: list[Attempt] = []
    surroundings: dict[str, Any] = {
        "callback": None,
        "labels": LABELS,
        "now": now,
        "is_mine": False,
        "zone": thresholds.time_zone,
    }
    if first is not None:
        items = await load_items(session)
        attempts = [Attempt.of(row) for row in await callbacks.list_attempts(session, first.id)]
        surroundings = surround(first, caller, known_as, thresholds, now, language_of(request), items)
    glances: Glances = request.app.state.glances
    glance = await glances.take(session, now)
    return render(
        request,
        "callbacks/worklist.html",
        200 if refusal is None else refusal.status,
        complaint=put_in_words(request, refusal),
        coverage=glance.coverage,
        coverage_days=COVERAGE_DAYS,
        counts=glance.counts,
        history=glance.history,
        own=[one for one in own if one is not first],
        following=[one for one in following if one is not first and one not in own],
        held=[one for one in held if one.claim is not None and one.claim.holder != caller.subject],
        agreed=agreed,
        quiet=quiet,
        chosen=chosen,
        attempts=attempts,
        may_take=not caller.roles.isdisjoint(RECORDERS),
        caller=caller,
        done=done,
        next_path=_next_path(waiting, chosen),
        **surroundings,
    )


def _find_first(own: list[Callback], following: list[Callback], known_as: Iterable[str]) -> Callback | None:
    """What this agent holds, else whom to call next; nobody is offered what they resolved themselves."""
    return next((one for one in (*own, *following) if not is_resolver(known_as, one.resolver)), None)


def _next_path(waiting: list[Callback], chosen: Chosen) -> str | None:
    if len(waiting) <= ON_A_PAGE:
        return None
    given = {
        "cursor": write_cursor(waiting[ON_A_PAGE - 1]),
        "external_id": chosen.external_id,
        "history": "yes" if chosen.history else "",
    }
    return "/callbacks?" + urlencode({name: value for name, value in given.items() if value})
