"""Every SQL statement of the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Row, Text, Uuid, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from services.audit.ledger.models import ledger_entries
from shared.events.envelope import Event
from shared.events.metrics import MeasureDefined

_APPEND = text(
    """
    INSERT INTO ledger_entries
        (position, event_id, source, type, subject, correlation_id, actor, time, body, hash)
    SELECT * FROM unnest(:positions, :event_ids, :sources, :types, :subjects, :correlation_ids, :actors, :times,
                         :bodies, :hashes)
    """
).bindparams(
    bindparam("positions", type_=ARRAY(BigInteger)),
    bindparam("event_ids", type_=ARRAY(Uuid)),
    bindparam("sources", type_=ARRAY(Text)),
    bindparam("types", type_=ARRAY(Text)),
    bindparam("subjects", type_=ARRAY(Text)),
    bindparam("correlation_ids", type_=ARRAY(Text)),
    bindparam("actors", type_=ARRAY(Text)),
    bindparam("times", type_=ARRAY(DateTime(timezone=True))),
    bindparam("bodies", type_=ARRAY(LargeBinary)),
    bindparam("hashes", type_=ARRAY(LargeBinary)),
)


async def lock_head(session: AsyncSession) -> tuple[int, bytes]:
    """Position and hash of the last entry; nobody else appends until this transaction ends."""
    row = (await session.execute(text("SELECT position, hash FROM ledger_head FOR UPDATE"))).one()
    return row.position, bytes(row.hash)


async def append(
    session: AsyncSession, first_position: int, events: Sequence[Event[Any]], hashes: Sequence[bytes]
) -> None:
    """Append these events and move the head."""
    last = first_position + len(events) - 1
    await session.execute(
        _APPEND,
        {
            "positions": list(range(first_position, last + 1)),
            "event_ids": [event.id for event in events],
            "sources": [event.source for event in events],
            "types": [event.type for event in events],
            "subjects": [event.subject for event in events],
            "correlation_ids": [event.correlation_id for event in events],
            "actors": [event.actor for event in events],
            "times": [event.time for event in events],
            "bodies": [event.raw for event in events],
            "hashes": list(hashes),
        },
    )
    await session.execute(
        text("UPDATE ledger_head SET position = :position, hash = :hash"), {"position": last, "hash": hashes[-1]}
    )


async def list_entries(session: AsyncSession, filters: dict[str, str], after: int, limit: int) -> Sequence[Row[Any]]:
    """Entries behind position `after` whose columns equal the filters, in order."""
    query = select(ledger_entries).where(ledger_entries.c.position > after)
    for column, value in filters.items():
        query = query.where(ledger_entries.c[column] == value)
    return (await session.execute(query.order_by(ledger_entries.c.position).limit(limit))).all()


async def list_newest(session: AsyncSession, filters: Mapping[str, str], before: int, limit: int) -> Sequence[Row[Any]]:
    """Entries in front of position `before` whose columns equal the filters, newest first."""
    query = select(ledger_entries).where(ledger_entries.c.position < before)
    for column, value in filters.items():
        query = query.where(ledger_entries.c[column] == value)
    return (await session.execute(query.order_by(ledger_entries.c.position.desc()).limit(limit))).all()


async def summarise_story(session: AsyncSession, correlation_id: str) -> Row[Any]:
    """How many entries, from when to when, of which sources; no entries when nobody told it."""
    entries = ledger_entries.c
    query = select(
        func.count().label("entries"),
        func.min(entries.time).label("began_at"),
        func.max(entries.time).label("ended_at"),
        func.array_agg(aggregate_order_by(entries.source.distinct(), entries.source)).label("sources"),
    ).where(entries.correlation_id == correlation_id)
    summary: Row[Any] = (await session.execute(query)).one()
    return summary


async def units_of_measures(session: AsyncSession) -> dict[str, str]:
    """Each measure's unit, as last defined."""
    newest = text(
        "SELECT DISTINCT ON (subject) subject, body FROM ledger_entries WHERE type = :type "
        "ORDER BY subject, position DESC"
    )
    rows = await session.execute(newest, {"type": MeasureDefined.TYPE})
    return {row.subject: orjson.loads(row.body)["data"].get("unit", "") for row in rows}


async def head(session: AsyncSession) -> tuple[int, bytes]:
    """Position and hash of the last entry."""
    row = (await session.execute(text("SELECT position, hash FROM ledger_head"))).one()
    return row.position, bytes(row.hash)
