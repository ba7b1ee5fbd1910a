"""Use cases of the deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.deliveries import repository
from services.notifier.deliveries.repository import Outcome
from services.notifier.deliveries.schemas import AttemptView, DeliveryDetail, DeliveryView
from services.notifier.endpoints.models import Endpoint
from services.notifier.endpoints.repository import list_hearing
from services.notifier.endpoints.rules import is_about, is_own_news, matches_filter, matches_type
from services.notifier.endpoints.service import (
    SENDING,
    Attempt,
    check_event_types,
    note_attempts,
    require_endpoint,
    require_event_type,
)
from shared.database import wake_after_commit
from shared.events.envelope import Draft, Event, current_origin, parse, serialise
from shared.events.examples import example_of
from shared.events.notifier import DeliveryExhausted
from shared.events.registry import CONTRACTS
from shared.outbox import record_all
from shared.problems import IllegalTransition, NotFound

ACTOR = "service:notifier"
DEFAULT_EXAMPLE = "ratchet.gap.detected.v1"


class DeliveryNotFound(NotFound):
    pass


async def queue_deliveries(session: AsyncSession, events: Sequence[Event[dict[str, Any]]], now: datetime) -> None:
    """Queue each event for every enabled endpoint that hears it.

    The events are kept only when an endpoint hears them, enabled or not: what a disabled one missed can be replayed.
    """
    endpoints = await list_hearing(session)
    if not endpoints:
        return
    hearing: dict[str, list[Row[Any]]] = {}
    kept: list[Event[Any]] = []
    pairs: list[tuple[UUID, Event[Any]]] = []
    for event in events:
        if event.type not in hearing:
            hearing[event.type] = [e for e in endpoints if matches_type(e.event_types, event.type)]
        heard = [e for e in hearing[event.type] if _concerns(e.id, e.filter, event.type, event.data)]
        if heard:
            kept.append(event)
            pairs += [(endpoint.id, event) for endpoint in heard if endpoint.state == "enabled"]
    if kept:
        await repository.keep_messages(session, kept)
    if pairs:
        await repository.queue(session, pairs, now)
        wake_after_commit(session, SENDING)


def _concerns(endpoint_id: UUID, wanted: dict[str, Any] | None, type_: str, data: dict[str, Any]) -> bool:
    return matches_filter(wanted, data) and not is_about(type_, data, endpoint_id)


async def settle_outcomes(
    session: AsyncSession, outcomes: Sequence[Outcome], disable_after: timedelta, now: datetime
) -> None:
    """Note what came back, tell what is given up, and bring the endpoints' health up to date."""
    by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    settled = await repository.settle(session, outcomes, now)
    drafts = [
        _tell_exhausted(by_id[row.id], row.attempts)
        for row in settled
        if row.state == "exhausted" and not is_own_news(by_id[row.id].event_type)
    ]
    await record_all(session, drafts)
    in_order = sorted(outcomes, key=lambda outcome: outcome.answer.at)
    await note_attempts(session, [Attempt(o.endpoint_id, o.answer) for o in in_order], disable_after)


def _tell_exhausted(outcome: Outcome, attempts: int) -> Draft:
    """Part of the story of the event that nobody took."""
    fact = DeliveryExhausted(
        delivery_id=outcome.delivery_id,
        endpoint_id=outcome.endpoint_id,
        event_id=outcome.event_id,
        event_type=outcome.event_type,
        attempts=attempts,
        last_answer=outcome.answer.summary,
    )
    return Draft(fact, str(outcome.delivery_id), attempts, parse(outcome.body).origin(ACTOR))


async def require_delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> Row[Any]:
    """Raises `DeliveryNotFound`."""
    delivery = await repository.find_delivery(session, delivery_id, lock=lock)
    if delivery is None:
        raise DeliveryNotFound(f"no delivery {delivery_id}")
    return delivery


async def describe_delivery(session: AsyncSession, delivery_id: UUID) -> DeliveryDetail:
    """A delivery with its attempts and its event.

    Raises:
        DeliveryNotFound: none of this id.
    """
    delivery = await require_delivery(session, delivery_id)
    attempts = await repository.list_attempts(session, delivery_id)
    return DeliveryDetail(
        **DeliveryView.of(delivery).model_dump(),
        attempt_log=[AttemptView.of(attempt) for attempt in attempts],
        event=orjson.loads(await repository.read_body(session, delivery.event_id)),
    )


async def replay_delivery(session: AsyncSession, delivery_id: UUID, now: datetime) -> Row[Any]:
    """Send it again now, whatever became of it, with the whole schedule before it.

    Raises:
        IllegalTransition: it is under way at this moment, or its endpoint is disabled.
        EndpointNotFound: its endpoint was deleted.
    """
    delivery = await require_delivery(session, delivery_id, lock=True)
    if delivery.state == "delivering":
        raise IllegalTransition("replay", delivery.state, [])
    _check_enabled("replay", await require_endpoint(session, delivery.endpoint_id))
    await repository.send_now(session, delivery_id, now)
    wake_after_commit(session, SENDING)
    return await require_delivery(session, delivery_id)


async def replay_since(
    session: AsyncSession,
    endpoint: Endpoint,
    window: tuple[datetime, datetime],
    types: Sequence[str] | None,
    now: datetime,
) -> int:
    """Queue again what this endpoint hears of the events told within `window`; returns how many.

    Only events are kept that some endpoint heard when they came, and no longer than the retention.

    Raises:
        IllegalTransition: the endpoint is disabled.
        UnknownEventType: as for the endpoint's own types.
    """
    _check_enabled("replay", endpoint)
    if types is not None:
        check_event_types(types)
    queued = 0
    async for portion in repository.messages_between(session, *window):
        heard = [
            row
            for row in portion
            if matches_type(endpoint.event_types, row.type)
            and (types is None or matches_type(types, row.type))
            and _concerns(endpoint.id, endpoint.filter, row.type, _data_of(row, endpoint))
        ]
        queued += await repository.requeue(session, endpoint.id, heard, now) if heard else 0
    if queued:
        wake_after_commit(session, SENDING)
    return queued


def _data_of(row: Row[Any], endpoint: Endpoint) -> dict[str, Any]:
    data: dict[str, Any] = parse(row.body).data if endpoint.filter or is_own_news(row.type) else {}
    return data


async def send_test(session: AsyncSession, endpoint: Endpoint, event_type: str | None, now: datetime) -> Row[Any]:
    """Queue an example event, new each time, for this endpoint alone.

    Raises:
        IllegalTransition: the endpoint is disabled.
        UnknownEventType: no event has this type.
    """
    _check_enabled("test", endpoint)
    example = example_of(_choose_example(endpoint) if event_type is None else require_event_type(event_type))
    _, body = serialise(Draft(example.data, example.subject, 1, current_origin.get()), example.source, now)
    event = parse(body)
    await repository.keep_test_message(session, event)
    await repository.queue(session, [(endpoint.id, event)], now)
    wake_after_commit(session, SENDING)
    (delivery,) = await repository.list_deliveries(session, {"event_id": event.id}, None, 1)
    return delivery


def _choose_example(endpoint: Endpoint) -> str:
    """A type that the endpoint hears."""
    heard = [type_ for type_ in CONTRACTS if matches_type(endpoint.event_types, type_)]
    return DEFAULT_EXAMPLE if DEFAULT_EXAMPLE in heard or not heard else heard[0]


def _check_enabled(action: str, endpoint: Endpoint) -> None:
    if endpoint.state != "enabled":
        raise IllegalTransition(action, endpoint.state, ["enable", "delete"])
