"""Every SQL statement of the customers' links."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.links.models import callback_links

_l = callback_links.c


async def withdraw(session: AsyncSession, callback_id: UUID, now: datetime) -> None:
    """Whatever link this callback has, it works no more."""
    live = (_l.callback_id == callback_id) & _l.used_at.is_(None) & _l.withdrawn_at.is_(None)
    await session.execute(update(callback_links).where(live).values(withdrawn_at=now))


async def add(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(callback_links.insert().values(values).returning(callback_links))).one()
    return row


async def find(session: AsyncSession, token_hash: bytes) -> Row[Any] | None:
    return (await session.execute(select(callback_links).where(_l.token_hash == token_hash))).one_or_none()


async def lock(session: AsyncSession, link_id: UUID) -> Row[Any]:
    """This link, held until the transaction ends."""
    query = select(callback_links).where(_l.id == link_id).with_for_update()
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def write(session: AsyncSession, link_id: UUID, values: dict[str, Any]) -> None:
    await session.execute(update(callback_links).where(_l.id == link_id).values(values))


async def find_live(session: AsyncSession, callback_id: UUID, now: datetime) -> Row[Any] | None:
    """The link by which this callback may be answered now."""
    query = select(callback_links).where(
        _l.callback_id == callback_id, _l.used_at.is_(None), _l.withdrawn_at.is_(None), _l.expires_at > now
    )
    return (await session.execute(query)).one_or_none()
