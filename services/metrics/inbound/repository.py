"""Every SQL statement on payloads, the quarantine and replays."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.inbound.models import inbound_payloads, payload_replays, quarantine

_WORTH_PACKING_BYTES = 4096
_BRIEF = [column for column in inbound_payloads.c if column.name not in ("body", "encoding")]


def pack(body: bytes) -> tuple[str, bytes]:
    """What came, as it came; large bodies packed."""
    if len(body) < _WORTH_PACKING_BYTES:
        return "identity", body
    return "zlib", zlib.compress(body, 1)


def unpack(row: Row[Any]) -> bytes:
    """The body of a payload's row, as it came."""
    stored = bytes(row.body)
    return zlib.decompress(stored) if row.encoding == "zlib" else stored


async def keep_payloads(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(inbound_payloads), list(rows))


async def get_payload(session: AsyncSession, payload_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(inbound_payloads).where(inbound_payloads.c.id == payload_id))).one_or_none()


async def lock_payload(session: AsyncSession, payload_id: UUID) -> Row[Any] | None:
    query = select(inbound_payloads).where(inbound_payloads.c.id == payload_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_payloads(
    session: AsyncSession, connection: str, outcome: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, without their bodies."""
    query = select(*_BRIEF).where(inbound_payloads.c.connection == connection)
    if outcome is not None:
        query = query.where(inbound_payloads.c.outcome == outcome)
    if before is not None:
        query = query.where(inbound_payloads.c.id < before)
    return (await session.execute(query.order_by(inbound_payloads.c.id.desc()).limit(limit))).all()


async def has_payloads(session: AsyncSession, connection: str) -> bool:
    query = select(inbound_payloads.c.id).where(inbound_payloads.c.connection == connection).limit(1)
    return (await session.execute(query)).first() is not None


async def list_payloads_to_replay(
    session: AsyncSession, connection: str, after: UUID, since: datetime, until: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Oldest first, behind `after`, with their bodies."""
    payloads = inbound_payloads.c
    query = select(inbound_payloads).where(
        payloads.connection == connection,
        payloads.id > after,
        payloads.received_at >= since,
        payloads.received_at < until,
    )
    return (await session.execute(query.order_by(payloads.id).limit(limit).with_for_update())).all()


_SET_OUTCOMES = text(
    "UPDATE inbound_payloads p SET outcome = n.outcome, accepted = n.accepted, quarantined = n.quarantined, "
    "note = n.note FROM unnest(:ids ::uuid[], :outcomes ::text[], :accepted ::int[], :quarantined ::int[], "
    ":notes ::text[]) AS n (id, outcome, accepted, quarantined, note) WHERE p.id = n.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def set_outcomes(session: AsyncSession, outcomes: Sequence[tuple[UUID, str, int, int, str | None]]) -> None:
    """What became of payloads that were read again: id, outcome, accepted, quarantined, note."""
    names = ("ids", "outcomes", "accepted", "quarantined", "notes")
    if outcomes:
        columns = [list(column) for column in zip(*outcomes, strict=True)]
        await session.execute(_SET_OUTCOMES, dict(zip(names, columns, strict=True)))


async def forget_payloads(session: AsyncSession, before: datetime, first_id_behind: UUID, limit: int) -> int:
    """Delete payloads received before that moment, oldest first; `first_id_behind` bounds the search."""
    old = (
        select(inbound_payloads.c.id)
        .where(inbound_payloads.c.id < first_id_behind, inbound_payloads.c.received_at < before)
        .order_by(inbound_payloads.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = await session.execute(
        delete(inbound_payloads).where(inbound_payloads.c.id.in_(old)).returning(inbound_payloads.c.id)
    )
    return len(gone.all())


async def forget_settled(session: AsyncSession, before: datetime, limit: int) -> int:
    """Delete what was settled in quarantine before that moment; what waits stays, however old."""
    old = (
        select(quarantine.c.id)
        .where(quarantine.c.state != "waiting", quarantine.c.settled_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = await session.execute(delete(quarantine).where(quarantine.c.id.in_(old)).returning(quarantine.c.id))
    return len(gone.all())


async def put_in_quarantine(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(quarantine), list(rows))


async def list_quarantine(
    session: AsyncSession, state: str, connection: str | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Oldest first, behind `after`."""
    query = select(quarantine).where(quarantine.c.state == state)
    if connection is not None:
        query = query.where(quarantine.c.connection == connection)
    if after is not None:
        query = query.where(quarantine.c.id > after)
    return (await session.execute(query.order_by(quarantine.c.id).limit(limit))).all()


async def count_waiting(session: AsyncSession) -> int:
    waiting: int = (
        await session.execute(select(func.count()).select_from(quarantine).where(quarantine.c.state == "waiting"))
    ).scalar_one()
    return waiting


async def lock_quarantined(session: AsyncSession, quarantine_id: UUID) -> Row[Any] | None:
    query = select(quarantine).where(quarantine.c.id == quarantine_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def lock_waiting_of(
    session: AsyncSession, connection: str | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """What waits of a connection (None: of none), oldest first, as far as nobody else holds it."""
    query = select(quarantine).where(quarantine.c.state == "waiting")
    query = query.where(quarantine.c.connection.is_not_distinct_from(connection))
    if after is not None:
        query = query.where(quarantine.c.id > after)
    ordered = query.order_by(quarantine.c.id).limit(limit).with_for_update(skip_locked=True)
    return (await session.execute(ordered)).all()


async def settle(session: AsyncSession, ids: Sequence[UUID], state: str, at: datetime, actor: str) -> None:
    await session.execute(
        update(quarantine).where(quarantine.c.id.in_(ids)).values(state=state, settled_at=at, settled_by=actor)
    )


async def settle_of_payloads(session: AsyncSession, payload_ids: Sequence[UUID], at: datetime, actor: str) -> None:
    """What waited of these payloads was read again."""
    await session.execute(
        update(quarantine)
        .where(quarantine.c.payload_id.in_(payload_ids), quarantine.c.state == "waiting")
        .values(state="replayed", settled_at=at, settled_by=actor)
    )


_SET_REASONS = text(
    "UPDATE quarantine q SET reason = n.reason FROM unnest(:ids, :reasons ::text[]) AS n (id, reason) WHERE q.id = n.id"
).bindparams(bindparam("ids", type_=ARRAY(Uuid)))


async def set_reasons(session: AsyncSession, reasons: Mapping[UUID, str]) -> None:
    """Why each of them is not understood by the map of now."""
    if reasons:
        await session.execute(_SET_REASONS, {"ids": list(reasons), "reasons": list(reasons.values())})


async def add_replay(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    added = await session.execute(insert(payload_replays).values(**values).returning(*payload_replays.c))
    return added.one()


async def get_replay(session: AsyncSession, replay_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(payload_replays).where(payload_replays.c.id == replay_id))).one_or_none()


async def claim_replay(session: AsyncSession) -> Row[Any] | None:
    """The oldest that is not finished, held until the transaction ends."""
    query = select(payload_replays).where(payload_replays.c.finished_at.is_(None))
    oldest = query.order_by(payload_replays.c.id).limit(1).with_for_update(skip_locked=True)
    return (await session.execute(oldest)).one_or_none()


async def set_replay(session: AsyncSession, replay_id: UUID, values: Mapping[str, Any]) -> None:
    await session.execute(update(payload_replays).where(payload_replays.c.id == replay_id).values(**values))
