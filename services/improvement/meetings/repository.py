"""Every SQL statement on meetings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.improvements.models import Improvement
from services.improvement.meetings.models import Attendee, Carry, Item, Meeting, Minutes, Outcome
from services.improvement.meetings.rules import UNDONE


async def find(session: AsyncSession, meeting_id: UUID) -> Meeting | None:
    return await session.get(Meeting, meeting_id)


async def lock(session: AsyncSession, meeting_id: UUID) -> Meeting | None:
    query = select(Meeting).where(col(Meeting.id) == meeting_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


async def list_newest(
    session: AsyncSession, filters: Mapping[str, str], before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Meeting]:
    """The latest planned time first; `before` is time and id of the last one of the page before."""
    query = select(Meeting)
    for column, value in filters.items():
        query = query.where(getattr(Meeting, column) == value)
    if before is not None:
        query = query.where(tuple_(col(Meeting.planned_at), col(Meeting.id)) < before)
    return (
        await session.scalars(query.order_by(col(Meeting.planned_at).desc(), col(Meeting.id).desc()).limit(limit))
    ).all()


def _is_series(meeting: Meeting) -> ColumnElement[bool]:
    department = func.coalesce(col(Meeting.department), "") == (meeting.department or "")
    return and_(col(Meeting.kind) == meeting.kind, department, col(Meeting.id) != meeting.id)


async def is_next(session: AsyncSession, meeting: Meeting) -> bool:
    """Whether no other meeting of its series is planned before it."""
    earlier = exists().where(
        _is_series(meeting),
        col(Meeting.state) == "planned",
        tuple_(col(Meeting.planned_at), col(Meeting.id)) < (meeting.planned_at, meeting.id),
    )
    return not await session.scalar(select(earlier))


async def list_undone(session: AsyncSession, meeting: Meeting, lock_them: bool = False) -> Sequence[Item]:
    """What earlier meetings of the series left undone, and what this one has said something of meanwhile; oldest
    first."""
    told_here = select(col(Outcome.item_id)).where(col(Outcome.meeting_id) == meeting.id)
    query = (
        select(Item)
        .join(Meeting, col(Meeting.id) == col(Item.meeting_id))
        .where(
            _is_series(meeting),
            col(Meeting.state).in_(("held", "closed")),
            col(Item.kind) != "agenda",
            or_(col(Item.state).in_(UNDONE), col(Item.id).in_(told_here)),
        )
        .order_by(col(Item.id))
    )
    if lock_them:
        query = query.with_for_update(of=Item).execution_options(populate_existing=True)
    return (await session.scalars(query)).all()


async def list_carried(session: AsyncSession, meeting_id: UUID) -> Sequence[Item]:
    """What this meeting had from earlier ones when it was held; oldest first."""
    query = select(Item).join(Carry, col(Carry.item_id) == col(Item.id)).where(col(Carry.meeting_id) == meeting_id)
    return (await session.scalars(query.order_by(col(Item.id)))).all()


async def carry(session: AsyncSession, meeting_id: UUID, items: Sequence[Item]) -> None:
    """These items are this meeting's item 0; each was carried once more."""
    if not items:
        return
    rows = [{"meeting_id": meeting_id, "item_id": item.id, "count": item.carries + 1} for item in items]
    await session.execute(insert(Carry), rows)
    await session.execute(
        update(Item)
        .where(col(Item.id).in_([item.id for item in items]))
        .values(carries=col(Item.carries) + 1)
        .execution_options(synchronize_session="fetch")
    )


async def list_items(session: AsyncSession, meeting_id: UUID) -> Sequence[Item]:
    """The meeting's own, in order."""
    query = select(Item).where(col(Item.meeting_id) == meeting_id).order_by(col(Item.number))
    return (await session.scalars(query)).all()


async def lock_item(session: AsyncSession, item_id: UUID) -> Item | None:
    query = select(Item).where(col(Item.id) == item_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


async def insert_items(session: AsyncSession, meeting_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Behind those that are there; the meeting is locked."""
    if not rows:
        return
    query = select(func.coalesce(func.max(col(Item.number)), 0)).where(col(Item.meeting_id) == meeting_id)
    last = (await session.execute(query)).scalar_one()
    await session.execute(insert(Item), [{**row, "number": last + place} for place, row in enumerate(rows, 1)])


async def list_outcomes(session: AsyncSession, item_ids: Iterable[UUID]) -> Sequence[Outcome]:
    """What was said of these items, in the order in which it was said."""
    query = select(Outcome).where(col(Outcome.item_id).in_(set(item_ids)))
    return (await session.scalars(query.order_by(col(Outcome.id)))).all()


async def list_attendees(session: AsyncSession, meeting_id: UUID) -> Sequence[Attendee]:
    query = select(Attendee).where(col(Attendee.meeting_id) == meeting_id).order_by(col(Attendee.person))
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def replace_attendees(session: AsyncSession, meeting_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(
        delete(Attendee).where(col(Attendee.meeting_id) == meeting_id).execution_options(synchronize_session="fetch")
    )
    if rows:
        await session.execute(insert(Attendee), [{**row, "meeting_id": meeting_id} for row in rows])


async def list_minutes(session: AsyncSession, meeting_id: UUID) -> Sequence[Minutes]:
    """All versions and addenda, in order."""
    query = select(Minutes).where(col(Minutes.meeting_id) == meeting_id).order_by(col(Minutes.version))
    return (await session.scalars(query)).all()


async def count_undone(session: AsyncSession, meeting_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many plan items and actions of each of these meetings are not done."""
    query = (
        select(col(Item.meeting_id), func.count().label("items"))
        .where(col(Item.meeting_id).in_(set(meeting_ids)), col(Item.kind) != "agenda", col(Item.state).in_(UNDONE))
        .group_by(col(Item.meeting_id))
    )
    return {row.meeting_id: row.items for row in await session.execute(query)}


async def list_improvement_numbers(session: AsyncSession, improvement_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The number of each of these records."""
    query = select(col(Improvement.id), col(Improvement.number)).where(col(Improvement.id).in_(set(improvement_ids)))
    return {row.id: row.number for row in await session.execute(query)}
