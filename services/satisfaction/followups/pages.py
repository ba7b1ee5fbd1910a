"""Pages of follow-ups of completed projects: who is to be asked next, and each with its answers."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.followups import repository, rules, service
from services.satisfaction.followups.routes import DAYS, Asker
from services.satisfaction.followups.schemas import FollowUpAnswers, Unreached
from services.satisfaction.forms import given, zone_of
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Problem

pages = page_router()

Typed = Mapping[str, str]

_ON_A_PAGE = 50
STATES = {
    "due": (N_("Due"), "accent"),
    "done": (N_("Asked"), "good"),
    "unreachable": (N_("Unreachable"), "warn"),
}
FIELDS = {
    "score": N_("Score, 1 to 5"),
    "comment": N_("In the customer's words"),
    "done_at": N_("Asked at (empty: now)"),
    "reason": N_("Why give up?"),
}
_PROBLEMS: dict[type[Problem], str] = {
    rules.AskerManagedIt: N_("You managed this project: somebody else asks its customer."),
    rules.NotAfterCompletion: N_("The customer was asked between the completion and now."),
}


@pages.get("/follow-ups")
async def show_list(
    request: Request,
    session: Reading,
    _caller: Staff,
    thresholds: Thresholds,
    state: Annotated[str, Query(max_length=20)] = "",
    overdue: Annotated[str, Query(max_length=5)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """What is due next comes first; and the report to the managers of departments (R88)."""
    now = clock.now()
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = {"state": state} if state in STATES else {}
    rows = await repository.list_due(session, filters, True if overdue else None, now, after, _ON_A_PAGE + 1)
    shown = [service.show(row, now) for row in rows[:_ON_A_PAGE]]
    more = None
    if len(rows) > _ON_A_PAGE:
        more = {
            "state": state,
            "overdue": overdue,
            "cursor": encode_cursor(shown[-1].due_at.isoformat(), str(shown[-1].id)),
        }
    next_path = more and f"/follow-ups?{urlencode(more)}"
    today = now.astimezone(ZoneInfo(thresholds.time_zone)).date()
    return render(
        request,
        "followups/list.html",
        zone=thresholds.time_zone,
        items=shown,
        state=state,
        overdue=overdue,
        states=STATES,
        next_path=next_path,
        report=await service.measure(session, today - timedelta(days=DAYS), today + timedelta(days=1), now),
        days=DAYS,
    )


@pages.get("/follow-ups/{follow_up_id}")
async def show_follow_up(request: Request, follow_up_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """One follow-up, and the forms while it is due."""
    return await _show(request, session, follow_up_id, {})


@pages.post("/follow-ups/{follow_up_id}/answers")
async def take_answers(request: Request, follow_up_id: UUID, caller: Asker, thresholds: Thresholds) -> Response:
    """What the customer says of the project."""

    async def act(session: AsyncSession, row: Row[Any], typed: Typed) -> None:
        score = typed.get("score", "").strip()
        read = {"score": int(score)} if score in tuple("12345") else {}
        body = FollowUpAnswers.model_validate({**given(typed, "comment", "done_at", zone=thresholds.time_zone), **read})
        await service.note_answers(session, row, body, caller.subject, clock.now(), thresholds)

    return await _take(request, follow_up_id, act)


@pages.post("/follow-ups/{follow_up_id}/unreachable")
async def take_giving_up(request: Request, follow_up_id: UUID, caller: Asker, thresholds: Thresholds) -> Response:
    """Nobody could be reached."""

    async def act(session: AsyncSession, row: Row[Any], typed: Typed) -> None:
        reason = Unreached.model_validate(given(typed, "reason")).reason
        await service.give_up(session, row, reason, caller.subject, clock.now(), thresholds)

    return await _take(request, follow_up_id, act)


async def _take(
    request: Request, follow_up_id: UUID, act: Callable[[AsyncSession, Row[Any], Typed], Awaitable[None]]
) -> Response:
    """What is done with this follow-up, and its page again."""
    typed = await read_form(request)

    async def act_on(session: AsyncSession) -> None:
        await act(session, await service.get(session, follow_up_id, lock=True), typed)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, follow_up_id, typed, refusal)

    return await take_form(request, act_on, lambda _: f"/follow-ups/{follow_up_id}", again)


async def _show(
    request: Request,
    session: AsyncSession,
    follow_up_id: UUID,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
) -> HTMLResponse:
    row = await service.get(session, follow_up_id)
    return render(
        request,
        "followups/show.html",
        status_of(refusal),
        zone=zone_of(request),
        item=service.show(row, clock.now()),
        typed=typed,
        states=STATES,
        fields=FIELDS,
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )
