"""Every SQL statement on links."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.links.models import Link


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Link]:
    """The links that stand, oldest first."""
    query = select(Link).where(col(Link.improvement_id) == improvement_id, col(Link.removed_at).is_(None))
    return (await session.scalars(query.order_by(col(Link.id)))).all()


async def list_after(
    session: AsyncSession, improvement_id: UUID, with_removed: bool, after: UUID | None, limit: int
) -> Sequence[Link]:
    """Behind `after`, oldest first."""
    query = select(Link).where(col(Link.improvement_id) == improvement_id)
    if not with_removed:
        query = query.where(col(Link.removed_at).is_(None))
    if after is not None:
        query = query.where(col(Link.id) > after)
    return (await session.scalars(query.order_by(col(Link.id)).limit(limit))).all()


async def list_linked(
    session: AsyncSession, kind: str, reference: str, with_removed: bool, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """The links to this thing with number, title and state of their records, newest first."""
    columns: list[Any] = [
        *Link.__table__.columns,  # type: ignore[attr-defined]
        col(Improvement.number),
        col(Improvement.title).label("improvement_title"),
        col(Improvement.state),
    ]
    query: Select[tuple[Any, ...]] = (
        select(*columns)
        .join(Improvement, col(Improvement.id) == col(Link.improvement_id))
        .where(col(Link.kind) == kind, col(Link.reference) == reference)
        .order_by(col(Link.id).desc())
        .limit(limit)
    )
    if not with_removed:
        query = query.where(col(Link.removed_at).is_(None))
    if before is not None:
        query = query.where(col(Link.id) < before)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def insert_unless_linked(session: AsyncSession, values: dict[str, Any]) -> Link | None:
    """None where the record has this very link already."""
    statement = upsert(Link).values(**values)
    statement = statement.on_conflict_do_nothing(
        index_elements=["improvement_id", "kind", "reference"], index_where=text("removed_at IS NULL")
    )
    return await session.scalar(statement.returning(Link))


async def find(session: AsyncSession, improvement_id: UUID, link_id: UUID) -> Link | None:
    query = select(Link).where(col(Link.id) == link_id, col(Link.improvement_id) == improvement_id)
    return await session.scalar(query)


async def lock(session: AsyncSession, improvement_id: UUID, link_id: UUID) -> Link | None:
    query = select(Link).where(col(Link.id) == link_id, col(Link.improvement_id) == improvement_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


async def exists_improvement(session: AsyncSession, improvement_id: UUID) -> bool:
    return bool(await session.scalar(select(exists().where(col(Improvement.id) == improvement_id))))
