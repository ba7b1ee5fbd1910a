"""Every SQL statement on measures."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.measures.models import Measure


async def keep_newest(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a measure, each key once; what is older than the row that is there changes nothing."""
    statement = insert(Measure)
    newer = {name: statement.excluded[name] for name in ("version", "name", "unit", "direction")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_=newer, where=col(Measure.version) < statement.excluded.version
        ),
        sorted(rows, key=lambda row: row["key"]),
    )


async def find(session: AsyncSession, key: str) -> Measure | None:
    return await session.get(Measure, key)


async def list_all(session: AsyncSession) -> Sequence[Measure]:
    """In order of name."""
    return (await session.scalars(select(Measure).order_by(col(Measure.name), col(Measure.key)))).all()
