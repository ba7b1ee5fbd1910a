"""What satisfaction tells of the follow-ups of completed projects (R88)."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact


class FollowUpAnswer(BaseModel):
    """What was said to one question."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    question: str
    answer: str


class FollowUpFact(Fact):
    """A follow-up and the project whose customer is asked; subject is `follow_up_id`."""

    follow_up_id: UUID
    project: str
    name: str
    customer: str
    customer_name: str
    manager: str
    department: str | None = None
    completed_on: date
    due_at: datetime
    url: str | None = None


class FollowUpCompleted(FollowUpFact):
    """The customer was asked, or could not be reached: what the department's manager is told of the project.

    `score` is from 1 to 5, null where the customer was `unreachable`; `answers` holds what was said to each question.
    """

    TYPE: ClassVar[str] = "ratchet.follow_up.completed.v1"
    outcome: Literal["answered", "unreachable"]
    score: int | None = None
    comment: str | None = None
    answers: tuple[FollowUpAnswer, ...] = ()
    completed_by: str
    completed_at: datetime
    on_time: bool


class FollowUpOverdue(FollowUpFact):
    """The time is over and nobody asked; told once."""

    TYPE: ClassVar[str] = "ratchet.follow_up.overdue.v1"
    noticed_at: datetime
