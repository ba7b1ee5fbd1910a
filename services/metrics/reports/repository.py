"""Every SQL statement on reported values."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures.formulas import REPORTED
from services.metrics.measures.models import measure_scopes, measures
from services.metrics.reports.models import overdue_collections, reports


async def insert_report(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(reports).values(**values).returning(reports))).one()
    return row


async def count_reports(session: AsyncSession, key: str, scope: str, period: date) -> int:
    query = select(func.count()).where(
        reports.c.measure_key == key, reports.c.scope == scope, reports.c.period == period
    )
    number: int = (await session.execute(query)).scalar_one()
    return number


async def find_newest(session: AsyncSession, key: str, scope: str, period: date) -> Row[Any] | None:
    """What was handed in last."""
    query = select(reports).where(reports.c.measure_key == key, reports.c.scope == scope, reports.c.period == period)
    return (await session.execute(query.order_by(reports.c.number.desc()).limit(1))).one_or_none()


async def list_reports(session: AsyncSession, key: str, before: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(reports).where(reports.c.measure_key == key)
    if before is not None:
        query = query.where(reports.c.id < before)
    return (await session.execute(query.order_by(reports.c.id.desc()).limit(limit))).all()


async def list_reported_scopes(session: AsyncSession) -> Sequence[Row[Any]]:
    """Every measure whose values are handed in, with each scope that is observed."""
    query = (
        select(measures, measure_scopes.c.scope)
        .join(measure_scopes, measure_scopes.c.measure_key == measures.c.key)
        .where(measures.c.formula == REPORTED)
        .order_by(measures.c.key, measure_scopes.c.scope)
    )
    return (await session.execute(query)).all()


async def periods_reported(session: AsyncSession, first: date) -> set[tuple[str, str, date]]:
    """Measure, scope and period of what was handed in since then."""
    query = select(reports.c.measure_key, reports.c.scope, reports.c.period).where(reports.c.period >= first).distinct()
    return {(row.measure_key, row.scope, row.period) for row in await session.execute(query)}


async def note_overdue(session: AsyncSession, values: Sequence[Mapping[str, Any]]) -> Sequence[Row[Any]]:
    """Those of which nobody was told yet."""
    if not values:
        return []
    statement = upsert(overdue_collections).on_conflict_do_nothing().returning(overdue_collections)
    rows: Sequence[Row[Any]] = (await session.execute(statement, list(values))).all()
    return rows
