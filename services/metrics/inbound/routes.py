"""REST of what comes in by webhook, of the payloads kept, and of the quarantine."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Row

from services.metrics.connections.service import Sources, find_connection
from services.metrics.inbound import repository, service
from services.metrics.inbound.receiving import receive_together
from services.metrics.inbound.rules import Outcome
from services.metrics.inbound.schemas import (
    PayloadDetail,
    PayloadReplayed,
    PayloadView,
    QuarantineReplayBody,
    QuarantineReplayed,
    QuarantineState,
    QuarantineView,
    Received,
    ReplayBody,
    ReplayView,
)
from services.metrics.inbound.service import Delivery
from services.metrics.tickets.schemas import IngestResult
from shared import problems
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.gathering import Gathering
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("inbound")
SHOWN_BYTES = 64 * 1024
ConnectionKey = Annotated[Key, Path(description="The connection's key.")]
Mender = Annotated[
    Principal, Depends(require(Role.ADMINISTRATOR, Role.PROCESS_OWNER, Role.OPERATIONS_MANAGER, Role.SERVICE_DESK))
]


def _sources_of(request: Request) -> Sources:
    sources: Sources = request.app.state.sources
    return sources


def _gathering_of(request: Request) -> Gathering[Delivery, Received]:
    """The application's own, from its first webhook on."""
    state = request.app.state
    if not hasattr(state, "gathering"):
        state.gathering = Gathering(lambda deliveries: receive_together(state.database, state.sources, deliveries))
    gathering: Gathering[Delivery, Received] = state.gathering
    return gathering


KnownSources = Annotated[Sources, Depends(_sources_of)]


@routes.post(
    "/tickets/inbound/{connection}",
    response_model=Received,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}},
    responses={
        401: {"description": "The sender did not prove itself by the connection's secret"},
        422: {"description": "Nothing of the body was understood; it is in quarantine, with the reason"},
    },
)
async def receive(connection: ConnectionKey, request: Request) -> Response:
    """What a ticketing system posts. The sender proves itself by the connection's own scheme, not by a token.

    The raw body is kept. What is not understood is quarantined and the rest goes on; when nothing was understood the
    answer is 422, naming the reason and where it is kept. What tells nothing of a ticket's state is ignored, with 200.
    """
    delivery = Delivery(connection, request.headers, request.query_params, await request.body())
    received = await _gathering_of(request).submit(delivery)
    if received.quarantined and not received.accepted:
        return malformed(received, request)
    return JSONResponse(received.model_dump(mode="json"))


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


@routes.get("/connections/{key}/payloads")
async def list_payloads(
    key: ConnectionKey,
    session: Reading,
    _caller: Staff,
    outcome: Annotated[Outcome | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PayloadView]:
    """What the connection sent, was polled for or imported, newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_payloads(session, key, outcome, before, limit + 1)
    views = [PayloadView.model_validate(row) for row in rows]
    return page(views, limit, lambda item: encode_cursor(str(item.id)))


@routes.get("/payloads/{payload_id}")
async def get_payload(payload_id: UUID, session: Reading, _caller: Mender) -> PayloadDetail:
    """One payload with what it holds."""
    row = await service.find_payload(session, payload_id)
    body = repository.unpack(row)
    shown = {
        "body": body[:SHOWN_BYTES].decode(errors="replace"),
        "truncated": len(body) > SHOWN_BYTES,
    }
    return PayloadDetail(**PayloadView.model_validate(row).model_dump(), **shown)


@routes.post("/payloads/{payload_id}/replay")
async def replay_payload(payload_id: UUID, session: Writing, sources: KnownSources, _caller: Mender) -> PayloadReplayed:
    """Read it again, by the connection's map of now; what is newer than it stays as it is."""
    row, ingested = await service.replay_payload(session, sources, payload_id)
    view = PayloadView.model_validate(row)
    return PayloadReplayed(payload=view, accepted=ingested.accepted, changed=ingested.changed)


@routes.post("/connections/{key}/replay", status_code=202)
async def replay_connection(
    key: ConnectionKey, body: ReplayBody, session: Writing, _caller: Mender, response: Response
) -> ReplayView:
    """Read everything of that time again, by a job; `Location` tells how far it has come."""
    replay = ReplayView.model_validate(await service.request_replay(session, key, body))
    response.headers["Location"] = f"/metrics/v1/replays/{replay.id}"
    return replay


@routes.get("/replays/{replay_id}")
async def get_replay(replay_id: UUID, session: Reading, _caller: Staff) -> ReplayView:
    """How far a replay has come."""
    return ReplayView.model_validate(await service.find_replay(session, replay_id))


@routes.get("/quarantine")
async def list_quarantine(
    session: Reading,
    _caller: Staff,
    state: Annotated[QuarantineState, Query()] = "waiting",
    connection: Annotated[Key | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[QuarantineView]:
    """What could not be understood, oldest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_quarantine(session, state, connection, after, limit + 1)
    return page([_view(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/quarantine/replay")
async def replay_quarantine(
    body: QuarantineReplayBody, session: Writing, sources: KnownSources, _caller: Mender
) -> QuarantineReplayed:
    """Read again what waits of a connection, at most 1,000 at once, by the connection's map of now."""
    if body.connection is not None:
        await find_connection(session, body.connection)
    return await service.replay_quarantine(session, sources, body.connection, body.after)


@routes.post("/quarantine/{quarantine_id}/replay")
async def replay_one(quarantine_id: UUID, session: Writing, sources: KnownSources, _caller: Mender) -> QuarantineView:
    """Read it again, by the connection's map of now."""
    return _view(await service.replay_quarantined(session, sources, quarantine_id))


@routes.post("/quarantine/{quarantine_id}/discard")
async def discard(quarantine_id: UUID, session: Writing, _caller: Mender) -> QuarantineView:
    """Decide that it means nothing."""
    return _view(await service.discard(session, quarantine_id))


def _view(row: Row[Any]) -> QuarantineView:
    values: dict[str, Any] = {**row._mapping, "raw": bytes(row.raw[:SHOWN_BYTES]).decode(errors="replace")}
    return QuarantineView(**values)
