"""REST of the deliveries."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.notifier.access import Reader, Writer
from services.notifier.deliveries import repository, service
from services.notifier.deliveries.rules import State
from services.notifier.deliveries.schemas import DeliveryDetail, DeliveryView
from shared import clock
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("deliveries")


@routes.get("/deliveries")
async def list_deliveries(
    session: Reading,
    _caller: Reader,
    endpoint_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    event_type: Annotated[str | None, Query(max_length=200)] = None,
    event_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryView]:
    """Newest first; those of deleted endpoints too."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"endpoint_id": endpoint_id, "state": state, "event_type": event_type, "event_id": event_id}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_deliveries(session, given, before, limit + 1)
    return page([DeliveryView.of(row) for row in rows], limit, lambda view: encode_cursor(str(view.id)))


@routes.get("/deliveries/{delivery_id}")
async def get_delivery(delivery_id: UUID, session: Reading, _caller: Reader) -> DeliveryDetail:
    """One delivery with all its attempts."""
    return await service.describe_delivery(session, delivery_id)


@routes.post("/deliveries/{delivery_id}/replay", status_code=202)
async def replay_delivery(delivery_id: UUID, session: Writing, _caller: Writer) -> DeliveryView:
    """Send it again now, with the whole schedule before it; the receiver knows it by the same `webhook-id`."""
    return DeliveryView.of(await service.replay_delivery(session, delivery_id, clock.now()))
