"""Use cases of what comes in: who may send, what it means, and what to do with what means nothing."""

import hmac
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks import Webhook, WebhookVerificationError

from services.metrics.inbound import repository
from services.metrics.inbound.schemas import ConnectionBody
from services.metrics.tickets import service as tickets
from services.metrics.tickets.schemas import Quarantined
from shared import clock, problems
from shared.events.envelope import current_origin
from shared.ids import new_id
from shared.sealing import Sealer
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.generic.mapper import find_unsound, map_payload
from shared.ticketing.servicenow.log_mapper import map_row

FACTS = "facts"
CSV_ROW = "servicenow-csv"
_MOST_RAW_BYTES = 64 * 1024


class ConnectionNotFound(problems.NotFound):
    pass


class WrongSignature(problems.Problem):
    """The sender did not prove that it has the connection's secret."""

    status = 401


class UnsoundConnection(problems.Problem):
    status = 422


class QuarantinedNotFound(problems.NotFound):
    pass


class StillUnmappable(problems.Problem):
    """Replayed with the map of now, and not understood either; it stays in quarantine."""

    status = 409


@dataclass(frozen=True, slots=True)
class Unread:
    """One element that was not understood."""

    place: str
    reason: str
    raw: bytes


async def put_connection(session: AsyncSession, key: str, body: ConnectionBody, sealer: Sealer) -> Row[Any]:
    """Define a connection, or change it.

    Raises:
        UnsoundConnection: a field map, zone or secret that cannot work, with what would.
    """
    known = await repository.get_connection(session, key)
    unsound = find_unsound(body.field_map)  # type: ignore[arg-type]
    if unsound is not None:
        raise UnsoundConnection(f"field_map: {unsound}")
    find_zone(body.time_zone)
    if body.secret is None and known is None:
        raise UnsoundConnection("secret: a new connection needs one, so that the sender can prove itself")
    if body.secret is not None and body.authentication == "standard_webhooks":
        try:
            b64decode(body.secret.removeprefix("whsec_"), validate=True)
        except ValueError as error:
            raise UnsoundConnection("secret: not base64, with or without 'whsec_' before it") from error
    sealed = sealer.seal(body.secret) if body.secret is not None else known.sealed_secret  # type: ignore[union-attr]
    await repository.put_connection(
        session,
        {
            "key": key,
            **body.model_dump(exclude={"secret"}),
            "sealed_secret": sealed,
            "updated_at": clock.now(),
        },
    )
    found = await repository.get_connection(session, key)
    assert found is not None
    return found


def find_zone(name: str) -> ZoneInfo:
    """Raises `UnsoundConnection` for a zone that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnsoundConnection(f"time_zone: {name!r} is no zone like Asia/Shanghai") from error


async def find_connection(session: AsyncSession, key: str) -> Row[Any]:
    """Raises `ConnectionNotFound`."""
    connection = await repository.get_connection(session, key)
    if connection is None:
        raise ConnectionNotFound(f"there is no connection {key!r}; PUT /metrics/v1/connections/{key} makes it")
    return connection


def verify_sender(connection: Row[Any], headers: Mapping[str, str], body: bytes, sealer: Sealer) -> None:
    """Raises `WrongSignature`, saying which headers were looked at."""
    secret = sealer.unseal(connection.sealed_secret)
    if connection.authentication == "bearer":
        given = headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {secret}".encode()):
            raise WrongSignature("the Authorization header does not hold this connection's secret")
        return
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError, UnicodeDecodeError) as error:
        raise WrongSignature(
            f"webhook-id, webhook-timestamp and webhook-signature do not prove this connection's secret: {error}"
        ) from error


def read_facts(elements: Sequence[Any], first: int = 0) -> tuple[list[TicketFacts], list[Unread]]:
    """Our own facts, element by element: what is malformed does not keep the rest."""
    understood: list[TicketFacts] = []
    unread: list[Unread] = []
    for index, element in enumerate(elements, first):
        try:
            understood.append(TicketFacts.model_validate(element))
        except ValidationError as error:
            reasons = [f"{'.'.join(map(str, e['loc'])) or 'ticket'}: {e['msg']}" for e in error.errors()[:5]]
            unread.append(Unread(f"[{index}]", "; ".join(reasons), _dump(element)))
    return understood, unread


def read_payload(connection: Row[Any], payload: Any) -> tuple[list[TicketFacts], list[Unread]]:
    """A connection's JSON, one object or a list of them, by the connection's map."""
    understood: list[TicketFacts] = []
    unread: list[Unread] = []
    many = payload if isinstance(payload, list) else [payload]
    for index, element in enumerate(many):
        try:
            understood.append(_map(connection, element))
        except Unmappable as error:
            unread.append(Unread(f"[{index}]" if isinstance(payload, list) else "body", str(error), _dump(element)))
    return understood, unread


def _map(connection: Row[Any], element: Any) -> TicketFacts:
    zone = find_zone(connection.time_zone)
    return map_payload(element, connection.field_map, connection.key, zone)


async def quarantine(
    session: AsyncSession, origin: str, connection: str | None, format_: str, unread: Sequence[Unread]
) -> list[Quarantined]:
    """Keep what was not understood, with its place and the reason."""
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "origin": origin,
            "connection": connection,
            "format": format_,
            "place": item.place[:200],
            "reason": _storable(item.reason)[:2000],
            "raw": item.raw[:_MOST_RAW_BYTES],
            "quarantined_at": now,
        }
        for item in unread
    ]
    await repository.put_in_quarantine(session, rows)
    return [Quarantined(id=row["id"], place=row["place"], reason=row["reason"]) for row in rows]


async def replay(session: AsyncSession, quarantine_id: UUID) -> Row[Any]:
    """Read it again, by the connection's map of now.

    Raises:
        QuarantinedNotFound, IllegalTransition, StillUnmappable.
    """
    item = await _lock_waiting(session, quarantine_id, "replay")
    try:
        facts = await _read_again(session, item)
    except Unmappable as error:
        raise StillUnmappable(f"{item.place}: {error}") from error
    await tickets.ingest(session, [facts])
    return await _settle(session, quarantine_id, "replayed")


async def discard(session: AsyncSession, quarantine_id: UUID) -> Row[Any]:
    """Decide that it means nothing; it stays listed as discarded."""
    await _lock_waiting(session, quarantine_id, "discard")
    return await _settle(session, quarantine_id, "discarded")


async def _lock_waiting(session: AsyncSession, quarantine_id: UUID, action: str) -> Row[Any]:
    item = await repository.lock_quarantined(session, quarantine_id)
    if item is None:
        raise QuarantinedNotFound(f"nothing in quarantine has the id {quarantine_id}")
    if item.state != "waiting":
        raise problems.IllegalTransition(action, item.state, [])
    return item


async def _settle(session: AsyncSession, quarantine_id: UUID, state: str) -> Row[Any]:
    await repository.settle(session, quarantine_id, state, clock.now(), current_origin.get().actor)
    item = await repository.lock_quarantined(session, quarantine_id)
    assert item is not None
    return item


async def _read_again(session: AsyncSession, item: Row[Any]) -> TicketFacts:
    try:
        element = orjson.loads(item.raw)
    except orjson.JSONDecodeError as error:
        raise Unmappable(f"not JSON: {error}") from error
    connection = await repository.get_connection(session, item.connection) if item.connection else None
    if item.format == CSV_ROW:
        zone = find_zone(connection.time_zone if connection else "UTC")
        return map_row(element, item.connection or "servicenow", zone)
    if item.format == FACTS or connection is None:
        understood, unread = read_facts([element])
        if unread:
            raise Unmappable(unread[0].reason)
        return understood[0]
    return _map(connection, element)


def _dump(element: Any) -> bytes:
    try:
        return orjson.dumps(element)
    except TypeError:
        return orjson.dumps(repr(element))


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
