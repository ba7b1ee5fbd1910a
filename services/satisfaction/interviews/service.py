"""Use cases of interviews (R137)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.rules import check_past
from services.satisfaction.interviews import repository
from services.satisfaction.interviews.schemas import Interview, InterviewBody
from shared.ids import new_id
from shared.problems import NotFound


class InterviewNotFound(NotFound):
    pass


def format_number(number: int) -> str:
    return f"INT-{number:06d}"


async def write(
    session: AsyncSession, body: InterviewBody, by: str, now: datetime, row: Row[Any] | None = None
) -> Row[Any]:
    """Record an interview, or write `row` anew. Raises `TimeInFuture`."""
    check_past(body.held_at, now)
    values = {
        **body.model_dump(exclude={"notes"}),
        "notes": [note.model_dump() for note in body.notes],
        "recorded_by": by,
        "updated_at": now,
    }
    if row is None:
        return await repository.add(session, {**values, "id": new_id(), "version": 1})
    return await repository.save(session, row.id, {**values, "version": row.version + 1})


async def get(session: AsyncSession, interview_id: UUID, lock: bool = False) -> Row[Any]:
    """Raises `InterviewNotFound`."""
    row = await repository.find(session, interview_id, lock)
    if row is None:
        raise InterviewNotFound(f"no interview {interview_id}")
    return row


def show(row: Row[Any]) -> Interview:
    own = {name: getattr(row, name) for name in Interview.model_fields if name != "number"}
    return Interview(**own, number=format_number(row.number))
