"""REST of the endpoints."""

import inspect
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from services.notifier.access import CHECK_SECONDS, Administrator, Reader, Seal, Writer, guard_of
from services.notifier.deliveries import service as deliveries
from services.notifier.deliveries.schemas import DeliveryView
from services.notifier.endpoints import repository, service
from services.notifier.endpoints.schemas import (
    CreatedEndpoint,
    EndpointChange,
    EndpointView,
    EventType,
    ExampleRequest,
    NewEndpoint,
    Queued,
    ReplayRequest,
    RotatedSecret,
    Rotation,
    Secret,
    Statistics,
)
from services.notifier.targets import parse_target
from shared import clock
from shared.events.examples import example_of
from shared.events.registry import CONTRACTS
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("endpoints")

STATISTICS_HOURS = 24


async def _check_new(request: Request, _caller: Writer, body: NewEndpoint) -> NewEndpoint:
    """Resolves the host before the transaction begins."""
    await guard_of(request).check(parse_target(body.url), CHECK_SECONDS)
    return body


async def _check_change(request: Request, _caller: Writer, body: EndpointChange) -> EndpointChange:
    if body.url is not None:
        await guard_of(request).check(parse_target(body.url), CHECK_SECONDS)
    return body


@routes.get("/event-types")
async def list_event_types(_caller: Reader) -> Sequence[EventType]:
    """Every event that an endpoint can hear, with an example."""
    return [
        EventType(
            type=type_,
            description=inspect.cleandoc(contract.__doc__ or ""),
            example=example_of(type_).data.model_dump(mode="json"),
        )
        for type_, contract in CONTRACTS.items()
    ]


@routes.post("/endpoints", status_code=201)
async def create_endpoint(
    body: Annotated[NewEndpoint, Depends(_check_new)],
    session: Writing,
    sealer: Seal,
    caller: Writer,
    response: Response,
) -> CreatedEndpoint:
    """Subscribe. The secret verifies the signatures: keep it, only an administrator can read it again."""
    endpoint, secret = await service.create_endpoint(session, body, sealer, caller.subject, clock.now())
    response.headers["ETag"] = etag(endpoint.version)
    return CreatedEndpoint(**EndpointView.of(endpoint).model_dump(), secret=secret)


@routes.get("/endpoints")
async def list_endpoints(
    session: Reading, _caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[EndpointView]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_endpoints(session, before, limit + 1)
    return page([EndpointView.of(row) for row in rows], limit, lambda view: encode_cursor(str(view.id)))


@routes.get("/endpoints/{endpoint_id}")
async def get_endpoint(endpoint_id: UUID, session: Reading, _caller: Reader, response: Response) -> EndpointView:
    """One endpoint; its ETag is needed to change it."""
    endpoint = await service.require_endpoint(session, endpoint_id)
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointView.of(endpoint)


@routes.patch("/endpoints/{endpoint_id}")
async def change_endpoint(
    endpoint_id: UUID,
    body: Annotated[EndpointChange, Depends(_check_change)],
    session: Writing,
    caller: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> EndpointView:
    """Change what is given. Deliveries that are queued already are still sent."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    check_version(if_match, endpoint.version)
    await service.change_endpoint(session, endpoint, body, caller.subject, clock.now())
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointView.of(endpoint)


@routes.delete("/endpoints/{endpoint_id}", status_code=204)
async def delete_endpoint(endpoint_id: UUID, session: Writing, caller: Writer) -> None:
    """Send nothing more. Past deliveries stay listed; waiting ones are cancelled."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    await service.delete_endpoint(session, endpoint, caller.subject, clock.now())


@routes.post("/endpoints/{endpoint_id}/enable")
async def enable_endpoint(endpoint_id: UUID, session: Writing, caller: Writer, response: Response) -> EndpointView:
    """Send again, beginning with what waits. What came while it was disabled is not queued: replay it."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    await service.enable_endpoint(session, endpoint, caller.subject, clock.now())
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointView.of(endpoint)


@routes.post("/endpoints/{endpoint_id}/disable")
async def disable_endpoint(endpoint_id: UUID, session: Writing, caller: Writer, response: Response) -> EndpointView:
    """Send nothing until it is enabled. What waits goes on waiting; new events are kept, not queued."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    await service.disable_endpoint(session, endpoint, caller.subject, clock.now())
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointView.of(endpoint)


@routes.get("/endpoints/{endpoint_id}/secret")
async def get_secret(endpoint_id: UUID, session: Reading, sealer: Seal, _caller: Administrator) -> Secret:
    """The secret that signs."""
    endpoint = await service.require_endpoint(session, endpoint_id)
    return Secret(secret=sealer.unseal(endpoint.secret))


@routes.post("/endpoints/{endpoint_id}/rotate-secret")
async def rotate_secret(
    endpoint_id: UUID, session: Writing, sealer: Seal, caller: Writer, body: Rotation | None = None
) -> RotatedSecret:
    """A new secret. Until the grace is over both sign: `webhook-signature` holds one signature for each."""
    endpoint = await service.require_endpoint(session, endpoint_id, lock=True)
    grace = timedelta(hours=(body or Rotation()).grace_hours)
    secret, until = await service.rotate_secret(session, endpoint, grace, sealer, caller.subject, clock.now())
    return RotatedSecret(secret=secret, old_valid_until=until)


@routes.post("/endpoints/{endpoint_id}/test", status_code=202)
async def send_test(
    endpoint_id: UUID, session: Writing, _caller: Writer, body: ExampleRequest | None = None
) -> DeliveryView:
    """Send an example event, marked by the header `webhook-test: true`; the delivery tells how it went."""
    endpoint = await service.require_endpoint(session, endpoint_id)
    event_type = (body or ExampleRequest()).event_type
    return DeliveryView.of(await deliveries.send_test(session, endpoint, event_type, clock.now()))


@routes.post("/endpoints/{endpoint_id}/replay", status_code=202)
async def replay_endpoint(endpoint_id: UUID, body: ReplayRequest, session: Writing, _caller: Writer) -> Queued:
    """Queue the events of a time again, those that were delivered too; what waits already is not queued twice.

    Events are kept when some endpoint, enabled or not, heard them when they came; an endpoint that is new can so be
    brought up to date with what others heard.
    """
    endpoint = await service.require_endpoint(session, endpoint_id)
    now = clock.now()
    window = (body.since, body.until or now)
    queued = await deliveries.replay_since(session, endpoint, window, body.event_types, now)
    return Queued(queued=queued)


@routes.get("/endpoints/{endpoint_id}/statistics")
async def get_statistics(endpoint_id: UUID, session: Reading, _caller: Reader) -> Statistics:
    """How the last 24 hours went."""
    endpoint = await service.require_endpoint(session, endpoint_id)
    since = clock.now() - timedelta(hours=STATISTICS_HOURS)
    figures: dict[str, Any] = dict((await repository.statistics(session, endpoint.id, since))._mapping)
    last = (await repository.last_attempts(session, [endpoint.id])).get(endpoint.id)
    return Statistics(
        **figures,
        last_answer=last.answer if last else None,
        last_attempt_at=last.at if last else None,
    )
