"""Every SQL statement on connections, payloads and the quarantine."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.inbound.models import connections, inbound_payloads, quarantine
from shared.ids import new_id

_WORTH_PACKING_BYTES = 4096


async def get_connection(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(connections).where(connections.c.key == key))).one_or_none()


async def list_connections(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(select(connections).order_by(connections.c.key))).all()


async def put_connection(session: AsyncSession, values: Mapping[str, Any]) -> None:
    statement = upsert(connections).values(**values, version=1)
    changes = {**values, "version": connections.c.version + 1}
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=changes))


async def keep_payload(
    session: AsyncSession, connection: str, content_type: str, body: bytes, received_at: datetime
) -> UUID:
    """Keep what came, as it came; large bodies packed."""
    packed = len(body) >= _WORTH_PACKING_BYTES
    payload_id = new_id()
    await session.execute(
        insert(inbound_payloads).values(
            id=payload_id,
            connection=connection,
            content_type=content_type[:200],
            encoding="zlib" if packed else "identity",
            body=zlib.compress(body, 1) if packed else body,
            received_at=received_at,
        )
    )
    return payload_id


async def put_in_quarantine(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(quarantine), list(rows))


async def list_quarantine(session: AsyncSession, state: str, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Oldest first, behind `after`."""
    query = select(quarantine).where(quarantine.c.state == state)
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


async def settle(session: AsyncSession, quarantine_id: UUID, state: str, at: datetime, actor: str) -> None:
    await session.execute(
        update(quarantine).where(quarantine.c.id == quarantine_id).values(state=state, settled_at=at, settled_by=actor)
    )
