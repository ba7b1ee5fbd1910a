"""Every SQL statement on lessons."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.lessons.models import Lesson, LessonUse

_USES = (
    select(func.count())
    .select_from(LessonUse)
    .where(col(LessonUse.lesson_id) == col(Lesson.id))
    .correlate(Lesson)
    .scalar_subquery()
)
_SAID = func.concat_ws(
    " ",
    col(Lesson.title),
    col(Lesson.worked),
    col(Lesson.did_not_work),
    col(Lesson.context),
    col(Lesson.reuse),
    func.array_to_string(col(Lesson.tags), " "),
)


def _with_source() -> Select[Any]:
    columns: list[Any] = [
        Lesson,
        _USES.label("uses"),
        col(Improvement.number).label("improvement_number"),
        col(Improvement.title).label("improvement_title"),
    ]
    return select(*columns).join(Improvement, col(Improvement.id) == col(Lesson.improvement_id))


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Lesson]:
    """The lessons of this improvement, oldest first."""
    query = select(Lesson).where(col(Lesson.improvement_id) == improvement_id)
    return (await session.scalars(query.order_by(col(Lesson.id)))).all()


async def search(
    session: AsyncSession,
    filters: Mapping[str, Any],
    tag: str | None,
    words: Sequence[str],
    before: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Newest first: whose columns equal the filters, that carry the tag, and in which every word occurs."""
    query = _with_source()
    for column, value in filters.items():
        query = query.where(getattr(Lesson, column) == value)
    if tag is not None:
        query = query.where(col(Lesson.tags).contains([tag]))
    for word in words:
        query = query.where(_SAID.icontains(word, autoescape=True))
    if before is not None:
        query = query.where(col(Lesson.id) < before)
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(col(Lesson.id).desc()).limit(limit))).all()
    return rows


async def find(session: AsyncSession, lesson_id: UUID) -> Row[Any] | None:
    """The lesson with its improvement's number and title and the count of its uses."""
    row: Row[Any] | None = (await session.execute(_with_source().where(col(Lesson.id) == lesson_id))).one_or_none()
    return row


async def lock(session: AsyncSession, lesson_id: UUID) -> Lesson | None:
    query = select(Lesson).where(col(Lesson.id) == lesson_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


async def list_uses(session: AsyncSession, lesson_id: UUID) -> Sequence[Row[Any]]:
    """Who used it again, oldest first."""
    columns: list[Any] = [LessonUse, col(Improvement.number), col(Improvement.title)]
    query = (
        select(*columns)
        .join(Improvement, col(Improvement.id) == col(LessonUse.improvement_id))
        .where(col(LessonUse.lesson_id) == lesson_id)
        .order_by(col(LessonUse.used_at), col(LessonUse.improvement_id))
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def insert_use(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False where that improvement has used it already."""
    statement = upsert(LessonUse).values(**values).on_conflict_do_nothing().returning(col(LessonUse.lesson_id))
    return (await session.execute(statement)).first() is not None


async def list_tags(session: AsyncSession) -> Sequence[str]:
    """Every tag that a lesson carries, in order."""
    tag = func.unnest(col(Lesson.tags)).label("tag")
    return (await session.scalars(select(tag).distinct().order_by(tag))).all()


async def list_sources(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """The newest records whose effect is signed: id, number and title."""
    columns: list[Any] = [col(Improvement.id), col(Improvement.number), col(Improvement.title)]
    query = select(*columns).where(col(Improvement.state).in_(("verified", "closed")))
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(col(Improvement.id).desc()).limit(limit))).all()
    return rows


async def find_by_number(session: AsyncSession, number: int) -> UUID | None:
    """The record that people call by this number."""
    return await session.scalar(select(col(Improvement.id)).where(col(Improvement.number) == number))
