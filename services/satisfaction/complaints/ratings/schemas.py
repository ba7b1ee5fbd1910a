"""What ratings look like from outside."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.satisfaction.complaints.schemas import Score
from shared.fields import Body, Name, Text


class NewRating(Body):
    """`customer` is the caller's own where a customer rates."""

    staff: Name
    score: Score
    comment: Text | None = None
    customer: Name | None = None


class Rating(BaseModel):
    id: UUID
    staff: str
    customer: str
    score: int
    comment: str | None
    complaint_id: UUID | None
    rated_at: datetime
    rated_by: str


class StaffFigure(BaseModel):
    """The mean of the newest score of each of `n` customers, and how many gave which."""

    staff: str
    n: int
    mean: float
    scores: dict[str, int]
