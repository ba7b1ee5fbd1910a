"""Every SQL statement on measures and their scopes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures.models import measure_definitions, measure_scopes, measures


async def get_measure(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(measures).where(measures.c.key == key))).one_or_none()


async def lock_measure(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(measures).where(measures.c.key == key).with_for_update())).one_or_none()


async def list_measures(session: AsyncSession, **wanted: str | None) -> Sequence[Row[Any]]:
    """By key; only those whose columns have the wanted values."""
    query = select(measures).order_by(measures.c.key)
    for column, value in wanted.items():
        if value is not None:
            query = query.where(measures.c[column] == value)
    return (await session.execute(query)).all()


async def put_measure(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Insert, or replace the definition."""
    statement = upsert(measures).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=dict(values)))


async def keep_definition(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(measure_definitions).values(**values))


async def list_definitions(session: AsyncSession, key: str) -> Sequence[Row[Any]]:
    """Every version, oldest first."""
    query = select(measure_definitions).where(measure_definitions.c.key == key)
    return (await session.execute(query.order_by(measure_definitions.c.definition_version))).all()


async def next_version(session: AsyncSession, key: str) -> int:
    """The measure's version after one more event told of it."""
    bumped = await session.execute(
        text("UPDATE measures SET version = version + 1 WHERE key = :key RETURNING version"), {"key": key}
    )
    version: int = bumped.scalar_one()
    return version


async def claim_reviews_due(session: AsyncSession, today: date, most: int) -> Sequence[Row[Any]]:
    """Measures whose review is due and was not told of yet; now it is."""
    due = (
        select(measures)
        .where(measures.c.review_due <= today, measures.c.review_told.is_distinct_from(measures.c.review_due))
        .order_by(measures.c.key)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.execute(due)).all()
    if rows:
        await session.execute(
            text("UPDATE measures SET review_told = review_due WHERE key = ANY(:keys)"),
            {"keys": [row.key for row in rows]},
        )
    return rows


async def list_scopes(session: AsyncSession, measure_key: str) -> list[str]:
    """The scopes that somebody asked to observe."""
    query = select(measure_scopes.c.scope).where(measure_scopes.c.measure_key == measure_key)
    return list((await session.execute(query.order_by(measure_scopes.c.scope))).scalars())


async def add_scope(session: AsyncSession, measure_key: str, scope: str) -> bool:
    """Observe this scope from now on; whether that is new."""
    statement = upsert(measure_scopes).values(measure_key=measure_key, scope=scope)
    added = await session.execute(statement.on_conflict_do_nothing().returning(measure_scopes.c.scope))
    return added.first() is not None


async def remove_scope(session: AsyncSession, measure_key: str, scope: str) -> bool:
    """Observe it no more; whether it was."""
    gone = await session.execute(
        delete(measure_scopes)
        .where(measure_scopes.c.measure_key == measure_key, measure_scopes.c.scope == scope)
        .returning(measure_scopes.c.scope)
    )
    return gone.first() is not None


async def has_scope(session: AsyncSession, measure_key: str, scope: str) -> bool:
    query = select(measure_scopes).where(measure_scopes.c.measure_key == measure_key, measure_scopes.c.scope == scope)
    return (await session.execute(query)).first() is not None
