"""What comes in and goes out over REST for tasks."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from services.improvement.improvements.models import Improvement
from services.improvement.tasks import rules
from services.improvement.tasks.models import Task
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


class EditedTask(_Timed):
    """What is to be different; fields left out stay as they are, null empties one that may be empty."""

    title: Name = ""
    phase: Name | None = None
    description: Text | None = None
    owner: Name | None = None
    start: Day | None = None
    due: Day | None = None


class TaskDone(Body):
    """`done_by` is who did it; the caller, where it is left out."""

    done_by: Name | None = None
    comment: Text | None = None


class TaskDropped(Body):
    """Why it is not done after all."""

    reason: Text


class TaskView(BaseModel):
    """A task; `version` is its ETag. `awaits_approval`: asked for after the plan was approved, and not yet allowed.

    `deadline` is the end of the due day, later by the time that the record was on hold; null while it is on hold.
    """

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
    deadline: datetime | None = None
    is_overdue: bool = False
    state: TaskState
    awaits_approval: bool
    requested_by: str
    approved_by: str | None
    done_at: datetime | None
    done_by: str | None

    @classmethod
    def of(cls, task: Task, record: Improvement, zone: str, now: datetime) -> "TaskView":
        held = timedelta(seconds=record.held_seconds - task.held_before)
        has_clock = task.due is not None and record.state != "on_hold"
        deadline = rules.deadline_of(task.due, zone, held) if has_clock and task.due else None
        overdue = rules.is_overdue(task.state, task.awaits_approval, record.state, deadline, now)
        return cls.model_validate(task).model_copy(update={"deadline": deadline, "is_overdue": overdue})
