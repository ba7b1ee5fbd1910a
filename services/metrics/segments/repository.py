"""Every SQL statement on customer groups."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue.models import customers


async def count_by_segment(session: AsyncSession) -> Sequence[Row[Any]]:
    """How many customers each group has; those in none come last."""
    query = select(customers.c.segment, func.count().label("customers")).group_by(customers.c.segment)
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(customers.c.segment.nulls_last()))).all()
    return rows


async def segments_of_customers(session: AsyncSession, segment: str | None, most: int) -> dict[str, str]:
    """Each customer's group, where it is in one; of one group where it is named."""
    query = select(customers.c.key, customers.c.segment).where(customers.c.segment.is_not(None))
    if segment is not None:
        query = query.where(customers.c.segment == segment)
    return {row.key: row.segment for row in await session.execute(query.order_by(customers.c.key).limit(most))}
