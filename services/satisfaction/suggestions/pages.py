"""Pages of suggestions: the list, a new one, and each with its reply. Works without JavaScript."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.words import CHANNELS
from services.satisfaction.forms import given, zone_of
from services.satisfaction.settings import Thresholds
from services.satisfaction.suggestions import repository, rules, service
from services.satisfaction.suggestions.schemas import NewSuggestion, Reply, SuggestionEdit
from shared import clock
from shared.auth import Staff
from shared.http import Reading, check_version, etag
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Problem

pages = page_router()

Typed = Mapping[str, str]

_ON_A_PAGE = 50
_YEAR = timedelta(days=365)
STATES = {"received": (N_("In study"), "accent"), "answered": (N_("Answered"), "good")}
OUTCOMES = {"adopted": N_("Adopted"), "declined": N_("Declined")}
FIELDS = {
    "title": N_("Title"),
    "description": N_("What is suggested?"),
    "channel": N_("Channel"),
    "suggested_by": N_("Who suggests it?"),
    "contact": N_("How to reach them"),
    "customer": N_("Customer"),
    "service": N_("Service"),
    "department": N_("Department"),
    "project": N_("Project"),
    "owner": N_("Who studies it?"),
    "outcome": N_("What comes of it?"),
    "reason": N_("Reason"),
    "reward": N_("How is it thanked for?"),
    "contacted_at": N_("They were told at"),
}
MISSING = (N_("contacted_at, when whoever made it was told"),)
_PROBLEMS: dict[type[Problem], str] = {
    rules.NamelessSuggestion: N_("Without a name nobody is named: leave out who suggests it, contact and customer."),
    rules.NotAfterReceipt: N_("They were told between the receipt and now."),
}
_STUDY = ("owner", "service", "project", "department")
_NEW = ("title", "description", "channel", "suggested_by", "contact", "customer", "service", "department")


@pages.get("/suggestions")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    state: Annotated[str, Query(max_length=20)] = "received",
    mine: Annotated[str, Query(max_length=5)] = "",
    overdue: Annotated[str, Query(max_length=5)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Those in study, what is to be answered next first; and the figures of the last year, for the yearly meeting
    (R184)."""
    now = clock.now()
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = {"state": state} if state in STATES else {}
    if mine:
        filters["owner"] = caller.subject
    rows = await repository.list_due(session, filters, bool(overdue), now, after, _ON_A_PAGE + 1)
    shown = [service.show(row, now) for row in rows[:_ON_A_PAGE]]
    more = None
    if len(rows) > _ON_A_PAGE:
        last = encode_cursor(shown[-1].due_at.isoformat(), str(shown[-1].id))
        more = {"state": state, "mine": mine, "overdue": overdue, "cursor": last}
    return render(
        request,
        "suggestions/list.html",
        zone=zone_of(request),
        items=shown,
        state=state,
        mine=mine,
        overdue=overdue,
        states=STATES,
        figures=await repository.count(session, now - _YEAR, now, now),
        next_path=more and f"/suggestions?{urlencode(more)}",
    )


@pages.get("/suggestions/new")
async def show_new(request: Request, _caller: Staff) -> HTMLResponse:
    """The form of a suggestion."""
    return _show_new(request, {})


@pages.post("/suggestions")
async def take_new(request: Request, caller: Staff, thresholds: Thresholds) -> Response:
    """A suggestion is written down."""
    typed = await read_form(request)
    flags = {name: bool(typed.get(name)) for name in ("anonymous", "supervisor")}

    async def act(session: AsyncSession) -> Row[Any]:
        body = NewSuggestion.model_validate({**given(typed, *_NEW), **flags})
        return await service.receive(session, body, caller.subject, clock.now(), thresholds)

    async def again(_session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return _show_new(request, typed, refusal)

    return await take_form(request, act, lambda row: f"/suggestions/{row.id}", again)


@pages.get("/suggestions/{suggestion_id}")
async def show_suggestion(request: Request, suggestion_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """One suggestion, and the form of its reply."""
    return await _show(request, session, suggestion_id, {})


@pages.post("/suggestions/{suggestion_id}/answer")
async def take_answer(request: Request, suggestion_id: UUID, caller: Staff, thresholds: Thresholds) -> Response:
    """The reply."""

    async def act(session: AsyncSession, row: Row[Any], typed: Typed) -> None:
        reply = Reply.model_validate(given(typed, "outcome", "reason", "reward", "contacted_at", zone=zone_of(request)))
        await service.answer(session, row, reply, caller.subject, clock.now(), thresholds)

    return await _take(request, suggestion_id, act)


@pages.post("/suggestions/{suggestion_id}/study")
async def take_study(request: Request, suggestion_id: UUID, _caller: Staff) -> Response:
    """Who studies it, and where it belongs. The form knows which version it shows."""

    async def act(session: AsyncSession, row: Row[Any], typed: Typed) -> None:
        change = SuggestionEdit.model_validate({name: typed.get(name, "").strip() or None for name in _STUDY})
        check_version(typed.get("version"), row.version)
        await service.edit(session, row, change, clock.now())

    return await _take(request, suggestion_id, act)


async def _take(
    request: Request, suggestion_id: UUID, act: Callable[[AsyncSession, Row[Any], Typed], Awaitable[None]]
) -> Response:
    """What is done with this suggestion, and its page again."""
    typed = await read_form(request)

    async def act_on(session: AsyncSession) -> None:
        await act(session, await service.get(session, suggestion_id, lock=True), typed)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, suggestion_id, typed, refusal)

    return await take_form(request, act_on, lambda _: f"/suggestions/{suggestion_id}", again)


async def _show(
    request: Request,
    session: AsyncSession,
    suggestion_id: UUID,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
) -> HTMLResponse:
    row = await service.get(session, suggestion_id)
    return render(
        request,
        "suggestions/show.html",
        status_of(refusal),
        zone=zone_of(request),
        version=etag(row.version),
        study=_STUDY,
        item=service.show(row, clock.now()),
        typed=typed,
        states=STATES,
        outcomes=OUTCOMES,
        channels=CHANNELS,
        fields=FIELDS,
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )


def _show_new(request: Request, typed: Mapping[str, str], refusal: Refused | None = None) -> HTMLResponse:
    return render(
        request,
        "suggestions/new.html",
        status_of(refusal),
        typed={**dict.fromkeys(_NEW, ""), **typed},
        channels=CHANNELS,
        fields=FIELDS,
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )
