"""Every SQL statement on who calls customers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.callers.models import callback_callers

_k = callback_callers.c


async def list_callers(session: AsyncSession, after: str | None, limit: int) -> Sequence[Row[Any]]:
    query = select(callback_callers).order_by(_k.subject).limit(limit)
    if after is not None:
        query = query.where(_k.subject > after)
    return (await session.execute(query)).all()


async def get(session: AsyncSession, subject: str) -> Row[Any] | None:
    return (await session.execute(select(callback_callers).where(_k.subject == subject))).one_or_none()


async def put(session: AsyncSession, values: dict[str, Any], known_version: int) -> Row[Any] | None:
    """Set what is known of this subject; None where somebody else has changed it since `known_version`."""
    statement = insert(callback_callers).values(version=known_version + 1, **values)
    statement = statement.on_conflict_do_update(
        index_elements=["subject"],
        set_={name: statement.excluded[name] for name in ("names", "updated_at", "updated_by", "version")},
        where=_k.version == known_version,
    )
    row: Row[Any] | None = (await session.execute(statement.returning(callback_callers))).one_or_none()
    return row
