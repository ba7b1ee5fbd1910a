"""Pages of disputed resolutions: whether each incident is open again at its source, and what to mend where not."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.reopens import repository, rules, service, words
from services.metrics.reopens.routes import RETRIERS, Retrier
from shared import clock
from shared.auth import Principal, Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()
_ON_A_PAGE = 50


@pages.get("/reopens")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    state: Annotated[rules.State | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """R81: disputed resolutions newest first, all or of one state."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state} if state else {}
    rows = await repository.list_newest(session, filters, before, _ON_A_PAGE + 1)
    shown = rows[:_ON_A_PAGE]
    more = {**filters, "cursor": encode_cursor(str(shown[-1].id))} if len(rows) > _ON_A_PAGE else None
    return render(
        request,
        "reopens/list.html",
        items=shown,
        state=state,
        counts=await repository.count_by_state(session),
        may_retry=_may_retry(caller),
        retriable=rules.RETRIABLE,
        next_path=more and f"/reopens?{urlencode(more)}",
        now=clock.now(),
        words=words,
    )


@pages.get("/reopens/{reopen_id}")
async def show_reopen(request: Request, reopen_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """One of them, with every attempt."""
    return await _show(request, session, reopen_id, caller)


@pages.post("/reopens/{reopen_id}/retry")
async def take_retry(request: Request, reopen_id: UUID, caller: Retrier) -> Response:
    """The button that tries again."""

    async def act(session: AsyncSession) -> Row[Any]:
        return await service.retry(session, reopen_id, clock.now())

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, reopen_id, caller, refusal)

    return await take_form(request, act, lambda row: f"/reopens/{row.id}", again)


async def _show(
    request: Request, session: AsyncSession, reopen_id: UUID, caller: Principal, refusal: Refused | None = None
) -> HTMLResponse:
    row = await service.get_reopen(session, reopen_id)
    return render(
        request,
        "reopens/show.html",
        status_of(refusal),
        item=row,
        attempts=await repository.list_attempts(session, row.id),
        may_retry=_may_retry(caller) and row.state in rules.RETRIABLE,
        complaint=put_in_words(request, refusal, {}, words.PROBLEMS),
        now=clock.now(),
        words=words,
    )


def _may_retry(caller: Principal) -> bool:
    return not caller.roles.isdisjoint(RETRIERS)
