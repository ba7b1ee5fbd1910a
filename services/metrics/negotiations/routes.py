"""REST of negotiations."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.records import today
from services.metrics.agreements.routes import Author, Reader
from services.metrics.negotiations import repository, service
from services.metrics.negotiations.rules import State, is_overdue
from services.metrics.negotiations.schemas import (
    NegotiationBody,
    NegotiationDetail,
    NegotiationView,
    OutcomeBody,
    PositionBody,
    PositionView,
)
from shared.auth import STAFF, Principal, Role, customer_of, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("negotiations")
Party = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]


def _show(row: Row[Any], on: date) -> NegotiationView:
    overdue = is_overdue(row.state, row.deadline, on)
    return NegotiationView.model_validate({**row._mapping, "overdue": overdue})


async def _detail(session: AsyncSession, row: Row[Any]) -> NegotiationDetail:
    stated = [PositionView.model_validate(item) for item in await repository.list_positions(session, row.id)]
    return NegotiationDetail(**_show(row, today()).model_dump(), positions=stated)


@routes.get("/negotiations")
async def list_negotiations(
    session: Reading,
    caller: Reader,
    agreement_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    overdue: Annotated[bool, Query(description="Only those that are open past their deadline.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[NegotiationView]:
    """Newest first. A customer is shown those of its own agreements."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"agreement_id": agreement_id, "state": state}
    given = {column: value for column, value in filters.items() if value is not None}
    on = today()
    rows = await repository.list_negotiations(
        session, given, on if overdue else None, customer_of(caller), before, limit + 1
    )
    return page([_show(row, on) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/agreements/{agreement_id}/negotiations", status_code=201)
async def open_negotiation(
    agreement_id: UUID, body: NegotiationBody, session: Writing, caller: Party, response: Response
) -> NegotiationDetail:
    """Open a negotiation on a quality problem, with the opening party's position."""
    negotiation = await service.open_negotiation(session, agreement_id, body, caller)
    response.headers["Location"] = f"/metrics/v1/negotiations/{negotiation.id}"
    return await _detail(session, negotiation)


@routes.get("/negotiations/{negotiation_id}")
async def get_negotiation(negotiation_id: UUID, session: Reading, caller: Reader) -> NegotiationDetail:
    """One negotiation with every position."""
    return await _detail(session, await service.find_negotiation(session, negotiation_id, caller))


@routes.post("/negotiations/{negotiation_id}/positions", status_code=201)
async def take_position(negotiation_id: UUID, body: PositionBody, session: Writing, caller: Party) -> NegotiationDetail:
    """Take a position for a party; earlier ones stay."""
    return await _detail(session, await service.take_position(session, negotiation_id, body, caller))


@routes.post("/negotiations/{negotiation_id}/outcome")
async def settle_negotiation(
    negotiation_id: UUID, body: OutcomeBody, session: Writing, caller: Author
) -> NegotiationDetail:
    """Say how it ended. Both parties must have been heard where they agreed."""
    return await _detail(session, await service.settle_negotiation(session, negotiation_id, body, caller))
