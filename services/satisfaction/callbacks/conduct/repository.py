"""Every SQL statement of the items of conduct."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.conduct.models import conduct_items

_i = conduct_items.c


async def list_current(session: AsyncSession) -> Sequence[Row[Any]]:
    """The newest version of each item that was written here."""
    return (await session.execute(select(conduct_items).where(_i.is_current).order_by(_i.key))).all()


async def list_versions(session: AsyncSession, key: str) -> Sequence[Row[Any]]:
    return (await session.execute(select(conduct_items).where(_i.key == key).order_by(_i.version))).all()


async def lock(session: AsyncSession, key: str) -> None:
    """Whoever writes this item's next version waits for whoever does so now."""
    await session.execute(select(_i.key).where(_i.key == key, _i.is_current).with_for_update())


async def add(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Make this the item's current version."""
    await session.execute(update(conduct_items).where(_i.key == values["key"], _i.is_current).values(is_current=False))
    row: Row[Any] = (
        await session.execute(conduct_items.insert().values(is_current=True, **values).returning(conduct_items))
    ).one()
    return row
