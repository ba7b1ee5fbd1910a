"""What follow-ups of completed projects look like from outside."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.satisfaction.complaints.schemas import Score
from shared.fields import Body, Moment, Name, Text

State = Literal["due", "done", "unreachable"]


class QuestionAnswer(Body):
    question: Name
    answer: Text


class FollowUpAnswers(Body):
    """R88: the score, 1 to 5, has no default; answers to questions of your own, and the customer's comment."""

    score: Score
    answers: Annotated[tuple[QuestionAnswer, ...], Field(max_length=100)] = ()
    comment: Text | None = None
    done_at: Moment | None = None


class Unreached(Body):
    reason: Text


class FollowUp(BaseModel):
    id: UUID
    version: int
    project: str
    name: str
    customer: str
    customer_name: str
    manager: str
    department: str | None
    completed_on: date
    due_at: datetime
    state: State
    overdue: bool
    score: int | None
    answers: list[QuestionAnswer] | None
    comment: str | None
    done_at: datetime | None
    done_by: str | None


class FollowUpFigure(BaseModel):
    """Of projects of one department (`value`); `satisfied_share` is of the `done`, those with 4 or 5."""

    value: str | None
    due: int
    done: int
    unreachable: int
    overdue: int
    on_time: int
    mean: float | None
    satisfied: int
    satisfied_share: float | None
    coverage: float | None


class FollowUpFigures(BaseModel):
    """The report to department managers: projects completed in [from, to)."""

    period_from: date
    period_to: date
    total: FollowUpFigure
    of: list[FollowUpFigure]
