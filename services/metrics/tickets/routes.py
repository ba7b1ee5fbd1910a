"""REST of tickets."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from services.metrics.inbound import service as inbound
from services.metrics.inbound.routes import malformed
from services.metrics.inbound.rules import FACTS
from services.metrics.tickets import repository, service
from services.metrics.tickets.schemas import IngestResult, TicketView
from shared import problems
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.ticketing.facts import Kind, State, TicketFacts

routes = router("tickets")
MOST_AT_ONCE = 1000
Sender = Annotated[Principal, Depends(require(Role.INTEGRATION, Role.ADMINISTRATOR, Role.SERVICE_DESK))]
Filter = Annotated[str | None, Query(max_length=200)]


class TooMany(problems.Problem):
    status = 413


class TicketNotFound(problems.NotFound):
    pass


_ONE = TicketFacts.model_json_schema()
_FACTS_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [_ONE, {"type": "array", "maxItems": MOST_AT_ONCE, "items": _ONE}]}
            }
        },
    }
}


@routes.post(
    "/tickets",
    response_model=IngestResult,
    openapi_extra=_FACTS_SCHEMA,
    responses={422: {"description": "Nothing was understood; it is in quarantine, with the reason"}},
)
async def post_tickets(body: Annotated[Any, Body()], session: Writing, request: Request, _caller: Sender) -> Response:
    """Take one ticket's facts, or a list of up to 1,000, in order.

    A malformed element is quarantined with its place and reason, and the rest goes on; the same facts again change
    nothing.
    """
    elements = body if isinstance(body, list) else [body]
    if len(elements) > MOST_AT_ONCE:
        raise TooMany(f"{len(elements)} tickets at once; send at most {MOST_AT_ONCE}")
    understood, unread = inbound.read_facts(elements)
    kept = await inbound.quarantine(session, "POST /v1/tickets", None, FACTS, unread)
    ingested = await service.ingest(session, understood)
    result = IngestResult(accepted=ingested.accepted, changed=ingested.changed, quarantined=kept)
    if kept and not understood:
        return malformed(result, request)
    return JSONResponse(result.model_dump(mode="json"))


@routes.get("/tickets")
async def list_tickets(
    session: Reading,
    _caller: Staff,
    source: Filter = None,
    external_id: Filter = None,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TicketView]:
    """In the order in which Ratchet first heard of them."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"source": source, "external_id": external_id, "state": state, "kind": kind}
    given: dict[str, str] = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_tickets(session, given, after, limit + 1)
    return page([TicketView.model_validate(row) for row in rows], limit, lambda t: encode_cursor(str(t.id)))


@routes.get("/tickets/{ticket_id}")
async def get_ticket(ticket_id: UUID, session: Reading, _caller: Staff) -> TicketView:
    """One ticket; its id is the correlation id of its story."""
    row = await repository.get_ticket(session, ticket_id)
    if row is None:
        raise TicketNotFound(f"there is no ticket {ticket_id}")
    return TicketView.model_validate(row)
