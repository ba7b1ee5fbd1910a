"""Use cases of ratings (R200)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.ratings import repository
from shared.ids import new_id
from shared.problems import Problem


class SelfRating(Problem):
    """Nobody notes down a score of themselves."""

    status = 409


async def rate(
    session: AsyncSession,
    staff: str,
    customer: str,
    score: int,
    comment: str | None,
    by: str,
    now: datetime,
    complaint_id: UUID | None = None,
) -> Row[Any]:
    """A customer's score, 1 to 5, of a member of staff; it takes the place of their last one in the figures.

    Raises:
        SelfRating
    """
    if by.casefold() == staff.casefold():
        raise SelfRating(f"'{staff}' is rated by this score; somebody else notes it down, or the customer")
    values = {
        "id": new_id(),
        "staff": staff,
        "customer": customer,
        "score": score,
        "comment": comment,
        "complaint_id": complaint_id,
        "rated_at": now,
        "rated_by": by,
    }
    return await repository.add(session, values)
