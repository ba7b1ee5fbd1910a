"""Every SQL statement on targets and baselines."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.expectations.models import baselines, targets


async def insert_target(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(targets).values(**values))


async def insert_baseline(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(baselines).values(**values))


async def get_target(session: AsyncSession, target_id: UUID) -> Row[Any]:
    return (await session.execute(select(targets).where(targets.c.id == target_id))).one()


async def get_baseline(session: AsyncSession, baseline_id: UUID) -> Row[Any]:
    return (await session.execute(select(baselines).where(baselines.c.id == baseline_id))).one()


async def list_targets(session: AsyncSession, key: str, scopes: Collection[str] | None = None) -> Sequence[Row[Any]]:
    """In the order in which they take effect; of those of one day the last set counts."""
    return await _list(session, targets, key, scopes)


async def list_baselines(session: AsyncSession, key: str, scopes: Collection[str] | None = None) -> Sequence[Row[Any]]:
    """In the order in which they take effect; of those of one day the last set counts."""
    return await _list(session, baselines, key, scopes)


async def list_of_scope(session: AsyncSession, scope: str) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """The targets and the baselines of every measure in this scope, in the order in which they take effect."""
    both = []
    for table in (targets, baselines):
        query = select(table).where(table.c.scope == scope).order_by(table.c.effective_from, table.c.id)
        both.append((await session.execute(query)).all())
    return both[0], both[1]


async def _list(session: AsyncSession, table: Table, key: str, scopes: Collection[str] | None) -> Sequence[Row[Any]]:
    query = select(table).where(table.c.measure_key == key).order_by(table.c.effective_from, table.c.id)
    if scopes is not None:
        query = query.where(table.c.scope.in_(scopes))
    return (await session.execute(query)).all()
