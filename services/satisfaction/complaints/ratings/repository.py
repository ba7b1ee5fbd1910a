"""Every SQL statement on ratings."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.ratings.models import staff_ratings


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(staff_ratings).values(values).returning(staff_ratings))).one()
    return row


async def list_newest(
    session: AsyncSession, staff: str | None, customer: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    query = select(staff_ratings)
    if staff is not None:
        query = query.where(staff_ratings.c.staff == staff)
    if customer is not None:
        query = query.where(staff_ratings.c.customer == customer)
    if before is not None:
        query = query.where(staff_ratings.c.id < before)
    return (await session.execute(query.order_by(staff_ratings.c.id.desc()).limit(limit))).all()


_FIGURES = text(
    """
    SELECT staff, count(*) AS n, avg(score)::float AS mean, count(*) FILTER (WHERE score = 1) AS s1,
           count(*) FILTER (WHERE score = 2) AS s2, count(*) FILTER (WHERE score = 3) AS s3,
           count(*) FILTER (WHERE score = 4) AS s4, count(*) FILTER (WHERE score = 5) AS s5
    FROM (SELECT DISTINCT ON (staff, customer) staff, score FROM staff_ratings ORDER BY staff, customer, id DESC) newest
    WHERE staff > :after GROUP BY staff ORDER BY staff LIMIT :most
    """
)


async def measure(session: AsyncSession, after: str, most: int) -> Sequence[Row[Any]]:
    """By person, in order of name."""
    return (await session.execute(_FIGURES, {"after": after, "most": most})).all()
