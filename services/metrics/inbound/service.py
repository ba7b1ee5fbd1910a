"""Use cases of what comes in: take it, quarantine what means nothing, read it again once what was wrong is mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections import service as connections
from services.metrics.connections.service import Opened, Sources
from services.metrics.inbound import repository, rules
from services.metrics.inbound.rules import CSV, CSV_ROW, FACTS, Understanding, Unread
from services.metrics.inbound.schemas import Origin, QuarantineReplayed, ReplayBody
from services.metrics.tickets import service as tickets
from services.metrics.tickets.schemas import Quarantined
from services.metrics.tickets.service import Ingested
from shared import clock, problems
from shared.database import wake_after_commit
from shared.events.envelope import current_origin
from shared.ids import new_id
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.servicenow.log_mapper import map_row
from shared.ticketing.sources import Reading

REPLAY_JOB = "metrics.replay_payloads"
MOST_QUARANTINED_AT_ONCE = 1000
_JSON = "application/json"


class WrongSignature(problems.Problem):
    """The sender did not prove that it has the connection's secret."""

    status = 401


class PayloadNotFound(problems.NotFound):
    pass


class ReplayNotFound(problems.NotFound):
    pass


class QuarantinedNotFound(problems.NotFound):
    pass


class StillUnmappable(problems.Problem):
    """Replayed with the map of now, and not understood either; it stays in quarantine."""

    status = 409


@dataclass(frozen=True, slots=True)
class Delivery:
    """What somebody posted to a connection. Header names are lower case."""

    connection: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


async def take_page(session: AsyncSession, opened: Opened, elements: Sequence[Any]) -> None:
    """Take a page that was polled, as if each of its elements had been posted."""
    if not elements:
        return
    understood = rules.read_elements(elements, opened.source.read, clock.now())
    body = orjson.dumps(list(elements))
    values = payload_values(opened.key, "poll", _JSON, body, understood)
    await repository.keep_payloads(session, [values])
    await quarantine(session, f"poll {opened.key}", opened.key, opened.system, understood.unread, values["id"])
    await tickets.ingest(session, understood.facts)


def payload_values(
    connection: str,
    origin: Origin,
    content_type: str,
    body: bytes,
    understood: Understanding,
    *,
    delivery: str | None = None,
) -> dict[str, Any]:
    """A row of `inbound_payloads`."""
    encoding, packed = repository.pack(body)
    return {
        "id": new_id(),
        "connection": connection,
        "origin": origin,
        "delivery": None if delivery is None else rules.storable(delivery)[:200],
        "content_type": rules.storable(content_type)[:200],
        "encoding": encoding,
        "body": packed,
        "outcome": understood.outcome,
        "accepted": len(understood.facts),
        "quarantined": len(understood.unread),
        "note": None if understood.note is None else rules.storable(understood.note),
        "received_at": clock.now(),
    }


def read_facts(elements: Sequence[Any]) -> tuple[list[TicketFacts], list[Unread]]:
    """Our own facts, element by element: what is malformed does not keep the rest."""
    understood = rules.read_elements(elements, rules.read_fact, clock.now())
    return understood.facts, understood.unread


async def quarantine(
    session: AsyncSession,
    origin: str,
    connection: str | None,
    format_: str,
    unread: Sequence[Unread],
    payload_id: UUID | None = None,
) -> list[Quarantined]:
    """Keep what was not understood, with its place and the reason."""
    kept = await quarantine_all(session, origin, connection, format_, [(payload_id, item) for item in unread])
    return kept.get(payload_id, [])


async def quarantine_all(
    session: AsyncSession,
    origin: str,
    connection: str | None,
    format_: str,
    unread: Sequence[tuple[UUID | None, Unread]],
) -> dict[UUID | None, list[Quarantined]]:
    """The same of several payloads, by payload."""
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "payload_id": payload_id,
            "origin": origin,
            "connection": connection,
            "format": format_,
            "place": rules.storable(item.place)[:200],
            "reason": rules.storable(item.reason)[:2000],
            "raw": item.raw,
            "quarantined_at": now,
        }
        for payload_id, item in unread
    ]
    await repository.put_in_quarantine(session, rows)
    kept: dict[UUID | None, list[Quarantined]] = {}
    for row in rows:
        told = Quarantined(id=row["id"], place=row["place"], reason=row["reason"])
        kept.setdefault(row["payload_id"], []).append(told)
    return kept


async def replay_quarantined(session: AsyncSession, sources: Sources, quarantine_id: UUID) -> Row[Any]:
    """Read it again, by the connection's map of now.

    Raises:
        QuarantinedNotFound, IllegalTransition, StillUnmappable.
    """
    item = await _lock_waiting(session, quarantine_id, "replay")
    source = await _find_source(session, sources, item.connection)
    try:
        facts, _ = _read_again(item, source)
    except Unmappable as error:
        raise StillUnmappable(f"{item.place}: {error}") from error
    await tickets.ingest(session, facts)
    return await _settle(session, quarantine_id, "replayed")


async def replay_quarantine(
    session: AsyncSession, sources: Sources, connection: str | None, after: UUID | None
) -> QuarantineReplayed:
    """Read again what waits of a connection, at most 1,000 at once; what is still not understood keeps its place with
    the reason of now."""
    items = await repository.lock_waiting_of(session, connection, after, MOST_QUARANTINED_AT_ONCE)
    source = await _find_source(session, sources, connection)
    understood: list[UUID] = []
    facts: list[TicketFacts] = []
    reasons: dict[UUID, str] = {}
    for item in items:
        try:
            facts += _read_again(item, source).facts
            understood.append(item.id)
        except Unmappable as error:
            reasons[item.id] = rules.storable(str(error))[:2000]
    ingested = await tickets.ingest(session, facts)
    await repository.settle(session, understood, "replayed", clock.now(), current_origin.get().actor)
    await repository.set_reasons(session, reasons)
    is_full = len(items) == MOST_QUARANTINED_AT_ONCE
    return QuarantineReplayed(
        replayed=len(understood),
        still_waiting=len(reasons),
        changed=ingested.changed,
        next_after=items[-1].id if is_full else None,
    )


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
    await repository.settle(session, [quarantine_id], state, clock.now(), current_origin.get().actor)
    item = await repository.lock_quarantined(session, quarantine_id)
    assert item is not None
    return item


async def _find_source(session: AsyncSession, sources: Sources, connection: str | None) -> Opened | None:
    """The connection as it is now; None where it is none that is defined (an import needs none)."""
    if connection is None:
        return None
    try:
        return await sources.open(session, connection)
    except connections.ConnectionNotFound:
        return None


def _read_again(item: Row[Any], opened: Opened | None) -> Reading:
    """Raises `Unmappable`."""
    try:
        element = orjson.loads(item.raw)
    except orjson.JSONDecodeError as error:
        raise Unmappable(f"not JSON: {error}") from error
    if item.format == CSV_ROW:
        zone = connections.find_zone("UTC") if opened is None else opened.zone
        reading = Reading((map_row(element, item.connection or "servicenow", zone),))
    elif item.format == FACTS or opened is None:
        reading = rules.read_fact(element)
    else:
        reading = opened.source.read(element)
    for facts in reading.facts:
        rules.check_times(facts, clock.now())
    return reading


async def find_payload(session: AsyncSession, payload_id: UUID) -> Row[Any]:
    """Raises `PayloadNotFound`."""
    payload = await repository.get_payload(session, payload_id)
    if payload is None:
        raise PayloadNotFound(f"there is no payload {payload_id}, or it was forgotten after the days of retention")
    return payload


async def replay_payload(session: AsyncSession, sources: Sources, payload_id: UUID) -> tuple[Row[Any], Ingested]:
    """Read one payload again by the connection's map of now. What is newer than it stays as it is. Raises
    `PayloadNotFound`."""
    payload = await repository.lock_payload(session, payload_id)
    if payload is not None:
        replayed = await _replay(session, sources, payload.connection, [payload])
        return await find_payload(session, payload_id), replayed.ingested
    return await find_payload(session, payload_id), Ingested(0, 0, ())


@dataclass(frozen=True, slots=True)
class _Replayed:
    ingested: Ingested
    quarantined: int
    ignored: int


async def _replay(session: AsyncSession, sources: Sources, connection: str, payloads: Sequence[Row[Any]]) -> _Replayed:
    """Read these payloads of one connection again, in order, as one batch."""
    opened = await _find_source(session, sources, connection)
    read = [_read_payload(payload, opened) for payload in payloads]
    now, actor = clock.now(), current_origin.get().actor
    await repository.settle_of_payloads(session, [payload.id for payload in payloads], now, actor)
    outcomes = []
    for payload, understood in zip(payloads, read, strict=True):
        format_ = CSV_ROW if payload.content_type == CSV else opened.system if opened else FACTS
        origin = f"{payload.origin} {connection}"
        await quarantine(session, origin, connection, format_, understood.unread, payload.id)
        note = None if understood.note is None else rules.storable(understood.note)
        counts = len(understood.facts), len(understood.unread)
        outcomes.append((payload.id, understood.outcome, *counts, note))
    await repository.set_outcomes(session, outcomes)
    ingested = await tickets.ingest(session, [facts for understood in read for facts in understood.facts])
    ignored = sum(understood.outcome == "ignored" for understood in read)
    return _Replayed(ingested, sum(len(understood.unread) for understood in read), ignored)


def _read_payload(payload: Row[Any], opened: Opened | None) -> Understanding:
    body = repository.unpack(payload)
    if payload.content_type == CSV:
        zone = connections.find_zone("UTC") if opened is None else opened.zone
        return rules.read_csv(body, payload.connection, zone, clock.now())
    return rules.read_body(body, rules.read_fact if opened is None else opened.source.read, clock.now())


async def request_replay(session: AsyncSession, connection: str, body: ReplayBody) -> Row[Any]:
    """Have the payloads of that time read again by a job; an import's need no connection that is defined. Raises
    `ConnectionNotFound`."""
    if not await repository.has_payloads(session, connection):
        await connections.find_connection(session, connection)
    now = clock.now()
    row = await repository.add_replay(
        session,
        {
            "id": new_id(),
            "connection": connection,
            "since": body.since,
            "until": body.until or now,
            "state": "waiting",
            "reached": rules.first_id_at(body.since),
            **dict.fromkeys(("payloads", "accepted", "changed", "quarantined", "ignored"), 0),
            "requested_by": current_origin.get().actor,
            "requested_at": now,
        },
    )
    wake_after_commit(session, REPLAY_JOB)
    return row


async def find_replay(session: AsyncSession, replay_id: UUID) -> Row[Any]:
    """Raises `ReplayNotFound`."""
    replay = await repository.get_replay(session, replay_id)
    if replay is None:
        raise ReplayNotFound(f"there is no replay {replay_id}; POST /metrics/v1/connections/KEY/replay begins one")
    return replay


async def advance_replay(session: AsyncSession, sources: Sources, portion: int) -> int:
    """Read the next payloads of the oldest replay again; how many, 0 when no replay waits."""
    replay = await repository.claim_replay(session)
    if replay is None:
        return 0
    payloads = await repository.list_payloads_to_replay(
        session, replay.connection, replay.reached, replay.since, replay.until, portion
    )
    if not payloads:
        await repository.set_replay(session, replay.id, {"state": "finished", "finished_at": clock.now()})
        return 1
    replayed = await _replay(session, sources, replay.connection, payloads)
    await repository.set_replay(
        session,
        replay.id,
        {
            "state": "running",
            "reached": payloads[-1].id,
            "payloads": replay.payloads + len(payloads),
            "accepted": replay.accepted + replayed.ingested.accepted,
            "changed": replay.changed + replayed.ingested.changed,
            "quarantined": replay.quarantined + replayed.quarantined,
            "ignored": replay.ignored + replayed.ignored,
        },
    )
    return len(payloads)
