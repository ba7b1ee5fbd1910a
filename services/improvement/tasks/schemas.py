"""What comes in and goes out over REST for tasks."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from shared.fields import EARLIEST, LATEST, Body, Name, Text

TaskState = Literal["planned", "in_progress", "done", "dropped"]


def _in_range(value: date) -> date:
    if not EARLIEST.date() <= value <= LATEST.date():
        raise ValueError("must lie between 1990-01-01 and 2200-01-01")
    return value


Day = Annotated[date, AfterValidator(_in_range)]
"""A date between 1990 and 2200."""


class _Timed(Body):
    @model_validator(mode="after")
    def _starts_before_it_is_due(self) -> "_Timed":
        start, due = getattr(self, "start", None), getattr(self, "due", None)
        if start and due and due < start:
            raise ValueError("due lies before start")
        return self


class NewTask(_Timed):
    """A step of the plan (R128): what, by whom, from when, until when; `phase` names the part of the plan."""

    title: Name
    phase: Name | None = None
    description: Text | None = None
    owner: Name | None = None
    start: Day | None = None
    due: Day | None = None


class TaskView(BaseModel):
    """A task; `version` is its ETag. `awaits_approval`: asked for after the plan was approved, and not yet allowed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: int
    version: int
    phase: str | None
    title: str
    description: str | None
    owner: str | None
    start: date | None
    due: date | None
    state: TaskState
    awaits_approval: bool
    requested_by: str
    approved_by: str | None
    done_at: datetime | None
    done_by: str | None
