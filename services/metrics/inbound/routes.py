"""REST of what comes in by webhook, and of the quarantine."""

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Row

from services.metrics.inbound import repository, service
from services.metrics.inbound.schemas import ConnectionBody, ConnectionView, QuarantineState, QuarantineView
from services.metrics.tickets import service as tickets
from services.metrics.tickets.schemas import IngestResult
from shared import clock, problems
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.sealing import Sealer

routes = router("inbound")
ConnectionKey = Annotated[Key, Path(description="The connection's key.")]
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]
Mender = Annotated[
    Principal, Depends(require(Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.OPERATIONS_MANAGER, Role.SERVICE_DESK))
]


def _sealer(request: Request) -> Sealer:
    sealer: Sealer = request.app.state.sealer
    return sealer


@routes.get("/connections")
async def list_connections(session: Reading, _caller: Staff) -> list[ConnectionView]:
    """The ticketing systems that may send."""
    return [ConnectionView.model_validate(row) for row in await repository.list_connections(session)]


@routes.get("/connections/{key}")
async def get_connection(key: ConnectionKey, session: Reading, _caller: Staff) -> ConnectionView:
    """One connection, without its secret."""
    return ConnectionView.model_validate(await service.find_connection(session, key))


@routes.put("/connections/{key}")
async def put_connection(
    key: ConnectionKey, body: ConnectionBody, session: Writing, request: Request, _caller: Administrator
) -> ConnectionView:
    """Define a connection, or change it; without `secret` the stored one stays."""
    return ConnectionView.model_validate(await service.put_connection(session, key, body, _sealer(request)))


@routes.post(
    "/tickets/inbound/{connection}",
    response_model=IngestResult,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
    responses={
        401: {"description": "The sender did not prove itself by the connection's secret"},
        422: {"description": "Nothing of the body was understood; it is in quarantine, with the reason"},
    },
)
async def receive(connection: ConnectionKey, session: Writing, request: Request) -> Response:
    """What a ticketing system posts. The sender proves itself by the connection's own scheme, not by a token.

    The raw body is kept. What is not understood is quarantined and the rest goes on; when nothing was understood the
    answer is 422, naming the reason and where it is kept.
    """
    known = await service.find_connection(session, connection)
    body = await request.body()
    service.verify_sender(known, request.headers, body, _sealer(request))
    content_type = request.headers.get("content-type", "")
    await repository.keep_payload(session, connection, content_type, body, clock.now())
    try:
        understood, unread = service.read_payload(known, orjson.loads(body))
    except orjson.JSONDecodeError as error:
        understood, unread = [], [service.Unread("body", f"not JSON: {error}", body)]
    kept = await service.quarantine(session, f"webhook {connection}", connection, known.system, unread)
    ingested = await tickets.ingest(session, understood)
    result = IngestResult(accepted=ingested.accepted, changed=ingested.changed, quarantined=kept)
    if kept and not understood:
        return malformed(result, request)
    return JSONResponse(result.model_dump(mode="json"))


def malformed(result: IngestResult, request: Request) -> JSONResponse:
    """422 that says what to mend, and where the body is kept. It is an answer, not an exception: the quarantine must
    be committed."""
    first = result.quarantined[0]
    return problems.response(
        422,
        problems.Malformed.title(),
        f"{first.place}: {first.reason}",
        request.url.path,
        {"quarantined": [item.model_dump(mode="json") for item in result.quarantined]},
    )


@routes.get("/quarantine")
async def list_quarantine(
    session: Reading,
    _caller: Staff,
    state: Annotated[QuarantineState, Query()] = "waiting",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QuarantineView]:
    """What could not be understood, oldest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_quarantine(session, state, after, limit + 1)
    return page([_view(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/quarantine/{quarantine_id}/replay")
async def replay(quarantine_id: UUID, session: Writing, _caller: Mender) -> QuarantineView:
    """Read it again, by the connection's map of now."""
    return _view(await service.replay(session, quarantine_id))


@routes.post("/quarantine/{quarantine_id}/discard")
async def discard(quarantine_id: UUID, session: Writing, _caller: Mender) -> QuarantineView:
    """Decide that it means nothing."""
    return _view(await service.discard(session, quarantine_id))


def _view(row: Row[Any]) -> QuarantineView:
    values: dict[str, Any] = {**row._mapping, "raw": bytes(row.raw).decode(errors="replace")}
    return QuarantineView(**values)
