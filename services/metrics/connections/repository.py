"""Every SQL statement on connections."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections.models import connections


async def get_connection(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(connections).where(connections.c.key == key))).one_or_none()


async def lock_connection(session: AsyncSession, key: str) -> Row[Any] | None:
    query = select(connections).where(connections.c.key == key).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_connections(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(select(connections).order_by(connections.c.key))).all()


async def put_connection(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """Write it: a new one at version 1, a known one at the next."""
    statement = upsert(connections).values(**values, created_at=values["updated_at"], version=1)
    changes = {**values, "version": connections.c.version + 1}
    upserted = statement.on_conflict_do_update(index_elements=["key"], set_=changes)
    return (await session.execute(upserted.returning(*connections.c))).one()


async def claim_due(session: AsyncSession, now: datetime, lease: timedelta, limit: int) -> Sequence[Row[Any]]:
    """Connections whose poll is due, held by a lease: whoever dies in the poll gives them up when it ends."""
    due = (
        select(connections.c.key)
        .where(
            connections.c.next_poll_at <= now,
            or_(connections.c.leased_until.is_(None), connections.c.leased_until <= now),
        )
        .order_by(connections.c.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("claimed")  # a subquery might run once for each row, and claim more than the limit
    )
    claim = update(connections).where(connections.c.key.in_(select(due.c.key))).values(leased_until=now + lease)
    return (await session.execute(claim.returning(*connections.c))).all()


async def hold_lease(session: AsyncSession, key: str, leased_until: datetime, revision: UUID) -> bool:
    """Lock the connection if this lease still holds it, and nobody changed it meanwhile."""
    query = select(connections.c.key).where(
        connections.c.key == key, connections.c.leased_until == leased_until, connections.c.revision == revision
    )
    return (await session.execute(query.with_for_update())).first() is not None


async def set_poll_state(session: AsyncSession, key: str, **values: Any) -> None:
    await session.execute(update(connections).where(connections.c.key == key).values(**values))


_LISTENING = text(
    """
    SELECT c.key, c.owner, c.expected_every_hours, c.silence_told_at, c.silences,
        greatest(c.created_at, c.last_polled_at, p.received_at) AS heard_at
    FROM connections c
    LEFT JOIN LATERAL (
        SELECT received_at FROM inbound_payloads WHERE connection = c.key ORDER BY id DESC LIMIT 1
    ) p ON true
    WHERE c.expected_every_hours IS NOT NULL
    """
)


async def list_expected(session: AsyncSession) -> Sequence[Row[Any]]:
    """Connections that something is expected of, with `heard_at`: the last payload, or poll that went well."""
    return (await session.execute(_LISTENING)).all()


_NOTE_SILENCES = text(
    "UPDATE connections c SET silence_told_at = :now, silences = c.silences + 1 "
    "FROM unnest(:keys ::text[], :silences ::bigint[]) AS n (key, silences) "
    "WHERE c.key = n.key AND c.silences = n.silences RETURNING c.key"
)


async def note_silences(session: AsyncSession, silences: Mapping[str, int], now: datetime) -> set[str]:
    """Note these silences as told, each with the number of those before; the keys that nobody else noted meanwhile."""
    told = {"keys": list(silences), "silences": list(silences.values()), "now": now}
    return set((await session.execute(_NOTE_SILENCES, told)).scalars())
