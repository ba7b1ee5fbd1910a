"""REST of change requests."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import repository, rules, service
from services.improvement.changes.models import Change
from services.improvement.changes.schemas import ChangeSummary, ChangeView, InboundOutcome, OutcomeBody
from services.improvement.connections import repository as connections
from services.improvement.connections.routes import Ticketing
from services.improvement.connections.service import authenticate_sender
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.events.envelope import current_origin
from shared.http import Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.problems import Malformed
from shared.ticketing.changes import ChangeOutcome

routes = router("changes")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Raiser = Annotated[Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.IMPROVEMENT_SUPERVISOR))]
Teller = Annotated[Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.INTEGRATION))]

ConnectionName = Annotated[str, Path(min_length=1, max_length=100)]

_OWN_WORDS: dict[str, rules.Told] = {"accepted": "accepted", "implemented": "implemented", "failed": "failed"}
_INBOUND_DOCUMENTATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InboundOutcome.model_json_schema()}},
    },
    "security": [],
}


async def _answer(session: AsyncSession, change: Change, response: Response) -> ChangeView:
    response.headers["ETag"] = etag(change.version)
    return ChangeView.of_change(change, await repository.list_attempts(session, change.id))


@routes.get("/changes")
async def list_changes(
    session: Reading,
    _caller: Reader,
    state: Annotated[rules.State | None, Query()] = None,
    improvement_id: Annotated[UUID | None, Query()] = None,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ChangeSummary]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state, "improvement_id": improvement_id, "connection": connection}
    given = {column: value for column, value in filters.items() if value is not None}
    changes = await repository.list_newest(session, given, before, limit + 1)
    items = [ChangeSummary.model_validate(change) for change in changes]
    return page(items, limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/changes/inbound/{connection}", openapi_extra=_INBOUND_DOCUMENTATION)
async def take_outcome(
    connection: ConnectionName, request: Request, session: Writing, ticketing: Ticketing
) -> ChangeSummary:
    """The ticketing system's webhook: signed by Standard Webhooks, or with the connection's secret as bearer token."""
    raw = await request.body()
    await authenticate_sender(session, ticketing, connection, request.headers, raw)
    current_origin.set(replace(current_origin.get(), actor=f"connection:{connection}"))
    try:
        told = InboundOutcome.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Malformed(f"{where}: {first['msg']}") from error
    configured = await connections.find(session, connection)
    words = {**_OWN_WORDS, **(configured.options["states"] if configured else {})}
    if told.state not in words:
        raise Malformed(f"state: '{told.state}' is none of {', '.join(sorted(words))}")
    outcome = ChangeOutcome(words[told.state], told.implemented_at, told.reason)
    change = await service.settle_inbound(
        session, connection, told.correlation_id, told.external_id, outcome, clock.now()
    )
    return ChangeSummary.model_validate(change)


@routes.get("/changes/{change_id}")
async def get_change(change_id: UUID, session: Reading, _caller: Reader, response: Response) -> ChangeView:
    """One change request with what was sent and every attempt."""
    return await _answer(session, await service.get_change(session, change_id), response)


@routes.post("/changes/{change_id}/raise")
async def raise_change(change_id: UUID, session: Writing, _caller: Raiser, response: Response) -> ChangeView:
    """Try again to raise a change that could not be raised."""
    return await _answer(session, await service.raise_again(session, change_id, clock.now()), response)


@routes.post("/changes/{change_id}/outcome")
async def note_outcome(
    change_id: UUID, body: OutcomeBody, session: Writing, _caller: Teller, response: Response
) -> ChangeView:
    """Say what became of a change; said again it has no second effect. `implemented_at` may lie in the past."""
    outcome = ChangeOutcome(body.state, body.implemented_at, body.reason)
    return await _answer(session, await service.settle_change(session, change_id, outcome, clock.now()), response)
