"""REST of change requests."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import Depends, Path, Query, Request, Response
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import reporting, repository, rules, service
from services.improvement.changes.inbound import read_webhook
from services.improvement.changes.models import Change
from services.improvement.changes.schemas import (
    ChangeSummary,
    ChangeView,
    Ignored,
    InboundOutcome,
    OutcomeBody,
    RaiseBody,
    StateCount,
)
from services.improvement.connections.routes import Ticketing
from services.improvement.connections.rules import SIGNED
from services.improvement.connections.service import authenticate_sender, open_connection
from services.improvement.settings import ImprovementSettings
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.events.envelope import current_origin
from shared.http import Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.ticketing.changes import ChangeOutcome

routes = router("changes")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]
Raiser = Annotated[Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.IMPROVEMENT_SUPERVISOR))]
Teller = Annotated[Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.INTEGRATION))]

ConnectionName = Annotated[str, Path(min_length=1, max_length=100)]

IGNORED = Counter(
    "ratchet_change_webhooks_ignored", "Webhooks of ticketing systems that moved no change", ["connection"]
)
_log = structlog.get_logger(__name__)
_INBOUND_DOCUMENTATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InboundOutcome.model_json_schema()}},
    },
    "security": [],
}


async def _answer(session: AsyncSession, change: Change, response: Response) -> ChangeView:
    response.headers["ETag"] = etag(change.version)
    attempts = await repository.list_attempts(session, change.id)
    return ChangeView.of_change(change, attempts, await repository.list_reports(session, change.id))


@routes.get("/changes")
async def list_changes(
    session: Reading,
    _caller: Reader,
    state: Annotated[rules.State | None, Query()] = None,
    improvement_id: Annotated[UUID | None, Query()] = None,
    connection: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    retried: Annotated[bool | None, Query(description="Whether it failed before and will be tried again.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ChangeSummary]:
    """Newest first. `state=failed` are those that a person must look after, `retried=true` those that are tried
    again."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state, "improvement_id": improvement_id, "connection": connection}
    given = {column: value for column, value in filters.items() if value is not None}
    changes = await repository.list_newest(session, given, retried, before, limit + 1)
    items = [ChangeSummary.model_validate(change) for change in changes]
    return page(items, limit, lambda item: encode_cursor(str(item.id)))


@routes.get("/changes/counts")
async def count_changes(
    session: Reading,
    _caller: Reader,
    connection: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
) -> list[StateCount]:
    """How many changes are in each state, how many of them are tried again, and when the next one is."""
    return StateCount.of(await repository.count_by_state(session, connection))


@routes.post(
    "/changes/inbound/{connection}",
    openapi_extra=_INBOUND_DOCUMENTATION,
    responses={202: {"model": Ignored, "description": "A webhook of the system's own, from which nothing followed"}},
)
async def take_outcome(
    connection: ConnectionName, request: Request, session: Writing, ticketing: Ticketing, response: Response
) -> ChangeSummary | Ignored:
    """The ticketing system's webhook, in its own format or in ours, proven as the connection says or by its webhook
    secret as bearer token. A system posts all sorts of records: what is no change of ours is taken and ignored."""
    raw = await request.body()
    opened = await open_connection(session, ticketing, connection)
    authenticate_sender(opened, connection, request.headers, request.query_params, raw)
    current_origin.set(replace(current_origin.get(), actor=f"connection:{connection}"))
    configured = opened.connection
    speaks_ours = configured is None or configured.system in SIGNED
    heard = read_webhook(raw, opened.sink, speaks_ours=speaks_ours, states=configured.states if configured else {})
    poll = timedelta(seconds=ImprovementSettings().change_poll_seconds)
    payload = raw[: reporting.MOST_PAYLOAD].decode(errors="replace").replace("\x00", "")
    now = clock.now()
    if heard.is_own and heard.told is not None:
        return ChangeSummary.model_validate(
            await reporting.settle_inbound(session, connection, heard.told, payload, poll=poll, now=now)
        )
    change, ignored = None, "the record is no change"
    if heard.told is not None:
        change, why = await reporting.hear_system(session, connection, heard.told, payload, poll=poll, now=now)
        if change is not None and why is None:
            return ChangeSummary.model_validate(change)
        ignored = why or ignored
    _log.info("webhook_ignored", connection=connection, why=ignored)
    IGNORED.labels(connection).inc()
    response.status_code = 202
    return Ignored(ignored=ignored)


@routes.get("/changes/{change_id}")
async def get_change(change_id: UUID, session: Reading, _caller: Reader, response: Response) -> ChangeView:
    """One change request with what was sent and every attempt."""
    return await _answer(session, await service.get_change(session, change_id), response)


@routes.post("/changes/{change_id}/raise")
async def raise_change(
    change_id: UUID, session: Writing, _caller: Raiser, response: Response, body: RaiseBody | None = None
) -> ChangeView:
    """Try again to raise a change that could not be raised, by its connection as it is now, or by another one."""
    by = body.connection if body else None
    return await _answer(session, await service.raise_again(session, change_id, clock.now(), by), response)


@routes.post("/changes/{change_id}/outcome")
async def note_outcome(
    change_id: UUID, body: OutcomeBody, session: Writing, _caller: Teller, response: Response
) -> ChangeView:
    """Say what became of a change; said again it has no second effect. `implemented_at` may lie in the past."""
    outcome = ChangeOutcome(body.state, body.implemented_at, body.reason)
    return await _answer(session, await reporting.settle_change(session, change_id, outcome, clock.now()), response)
