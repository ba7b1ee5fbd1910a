"""Every SQL statement on connections."""

from collections.abc import Sequence

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.changes.models import Change
from services.improvement.connections.models import Connection

OPEN = ("pending", "raised", "accepted")
"""States of a change whose connection is still needed."""


async def find(session: AsyncSession, key: str) -> Connection | None:
    return await session.get(Connection, key)


async def find_default(session: AsyncSession) -> Connection | None:
    return await session.scalar(select(Connection).where(col(Connection.is_default)))


async def list_all(session: AsyncSession) -> Sequence[Connection]:
    """In order of key."""
    return (await session.scalars(select(Connection).order_by(col(Connection.key)))).all()


async def lock_all(session: AsyncSession) -> None:
    """Nobody else writes a connection until this transaction ends: one of them is the default."""
    await session.execute(text("LOCK TABLE change_connections IN SHARE ROW EXCLUSIVE MODE"))


async def clear_default(session: AsyncSession, key: str) -> None:
    """No connection but this one is the default."""
    query = update(Connection).where(col(Connection.key) != key, col(Connection.is_default))
    await session.execute(query.values(is_default=False, version=col(Connection.version) + 1))


async def is_used(session: AsyncSession, key: str) -> bool:
    """Whether a change that is still open was, or will be, raised by it."""
    query = select(exists().where(col(Change.connection) == key, col(Change.state).in_(OPEN)))
    return bool(await session.scalar(query))


async def remove(session: AsyncSession, key: str) -> None:
    await session.execute(delete(Connection).where(col(Connection.key) == key))
