"""Pages of change requests: those that need attention, and the forms on the record's page."""

from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import reporting, repository, service
from services.improvement.changes.routes import Raiser, Teller
from services.improvement.changes.schemas import OutcomeBody
from services.improvement.improvements import words
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import get_improvement
from services.improvement.improvements.showing import RAISERS, take
from services.improvement.printed.repository import list_numbers
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import given, read_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.ticketing.changes import ChangeOutcome

pages = page_router()

ON_A_PAGE = 50


@pages.get("/changes")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    state: Annotated[Literal["failed", "retried"], Query()] = "failed",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Change requests that have failed, or are tried again because an attempt failed; newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": "failed"} if state == "failed" else {}
    is_retried = None if state == "failed" else True
    found = await repository.list_newest(session, filters, is_retried, before, ON_A_PAGE + 1)
    shown = found[:ON_A_PAGE]
    numbers = await list_numbers(session, {change.improvement_id for change in shown})
    counts = await repository.count_by_state(session, None)
    more = {"state": state, "cursor": encode_cursor(str(shown[-1].id))} if len(found) > ON_A_PAGE else None
    return render(
        request,
        "changes/list.html",
        items=shown,
        numbers={id_: format_number(number) for id_, number in numbers.items()},
        state=state,
        failed=sum(count.changes for count in counts if count.state == "failed"),
        retried=sum(count.retried for count in counts),
        may_raise=not caller.roles.isdisjoint(RAISERS),
        next_path=more and f"/changes?{urlencode(more)}",
        words=words,
    )


@pages.post("/improvements/{improvement_id}/change/raise")
async def take_raise(request: Request, improvement_id: UUID, caller: Raiser) -> Response:
    """Try again to raise the change."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        return await service.raise_again(session, await _change_of(session, improvement_id), clock.now())

    return await take(request, improvement_id, caller, "change/raise", typed, act)


@pages.post("/improvements/{improvement_id}/change/outcome")
async def take_outcome(request: Request, improvement_id: UUID, caller: Teller) -> Response:
    """What became of the change, told by hand."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        said = given(typed, "state", "reason", "implemented_at")
        if "implemented_at" in said:
            said["implemented_at"] += "Z"
        body = OutcomeBody.model_validate(said)
        outcome = ChangeOutcome(body.state, body.implemented_at, body.reason)
        return await reporting.settle_change(session, await _change_of(session, improvement_id), outcome, clock.now())

    return await take(request, improvement_id, caller, "change/outcome", typed, act)


async def _change_of(session: AsyncSession, improvement_id: UUID) -> UUID:
    record = await get_improvement(session, improvement_id)
    change = await repository.find_of_revision(session, record.id, record.revision)
    if change is None:
        raise service.ChangeNotFound("this revision has no change yet")
    return change.id
