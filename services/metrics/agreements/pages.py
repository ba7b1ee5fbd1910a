"""Pages of agreements: the list, and each one with its promises, what was confirmed and what is missing."""

from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request

from services.metrics.agreements import repository, rules, words
from services.metrics.agreements.records import find_agreement, today
from services.metrics.agreements.views import describe, summarise
from services.metrics.feasibility import repository as feasibility
from services.metrics.feasibility.schemas import StudyView
from services.metrics.settlements import repository as settlements
from shared.auth import Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()
_ON_A_PAGE = 50
_SETTLEMENTS = 12


@pages.get("/agreements")
async def show_list(
    request: Request,
    session: Reading,
    _caller: Staff,
    state: Annotated[rules.State | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Agreements newest first, all or of one state."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state} if state else {}
    rows = await repository.list_agreements(session, filters, None, None, before, _ON_A_PAGE + 1)
    on = today()
    shown = [summarise(row, on) for row in rows[:_ON_A_PAGE]]
    more = {**filters, "cursor": encode_cursor(str(shown[-1].id))} if len(rows) > _ON_A_PAGE else None
    return render(
        request,
        "agreements/list.html",
        items=shown,
        state=state,
        words=words,
        next_path=more and f"/agreements?{urlencode(more)}",
    )


@pages.get("/agreements/{agreement_id}")
async def show_agreement(request: Request, agreement_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """One agreement: its clauses with promise and newest value, what is missing, its settlements, how feasible it is,
    confirmations, exemptions, glossary and history."""
    agreement = await find_agreement(session, agreement_id)
    item = await describe(session, agreement, today(), to_customer=False)
    accounts = await settlements.list_settlements(session, agreement_id, None, _SETTLEMENTS)
    studies = await feasibility.list_studies(session, agreement_id, None, 1)
    return render(
        request,
        "agreements/show.html",
        item=item,
        settlements=accounts,
        study=StudyView.model_validate({**studies[0]._mapping, "present": studies[0].digest == agreement.digest})
        if studies
        else None,
        words=words,
    )
