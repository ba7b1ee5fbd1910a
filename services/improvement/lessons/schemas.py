"""What comes in and goes out over REST for lessons."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.events.metrics import Verdict
from shared.fields import Body, Name, Text, Written

Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    Written(r"^[^\x00-\x1f,\x7f]{1,50}$", "one word or a few, at most 50 characters, without a comma"),
]
Tags = Annotated[tuple[Tag, ...], Field(max_length=20)]


class LessonBody(Body):
    """What worked, what did not (at least one of them), where that was so, and how to use it again. Without `service`
    it is the improvement's."""

    improvement_id: UUID
    title: Name
    worked: Text | None = None
    did_not_work: Text | None = None
    context: Text
    reuse: Text
    tags: Tags = ()
    service: Name | None = None

    @model_validator(mode="after")
    def _teaches(self) -> "LessonBody":
        if self.worked is None and self.did_not_work is None:
            raise ValueError("worked, did_not_work: say at least one of them; that is the lesson")
        return self


class LessonEdit(Body):
    """What is to be different; fields left out stay."""

    title: Name | None = None
    worked: Text | None = None
    did_not_work: Text | None = None
    context: Text | None = None
    reuse: Text | None = None
    tags: Tags | None = None
    service: Name | None = None


class MarkBody(Body):
    """R176: reusable, or not any more."""

    reusable: bool
    note: Text | None = None


class UseBody(Body):
    """The improvement that used it again."""

    improvement_id: UUID
    note: Text | None = None


class UseView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    improvement_id: UUID
    number: str
    title: str
    note: str | None
    used_by: str
    used_at: datetime


class LessonSummary(BaseModel):
    """A lesson as lists show it. `verdict` is what was signed under its improvement; `uses` counts the improvements
    that used it again."""

    id: UUID
    number: str
    version: int
    title: str
    improvement_id: UUID
    improvement_number: str
    verdict: Verdict
    tags: list[str]
    service: str | None
    reusable: bool
    uses: int
    recorded_by: str
    recorded_at: datetime


class LessonView(LessonSummary):
    """The whole lesson, with who used it again."""

    improvement_title: str
    worked: str | None
    did_not_work: str | None
    context: str
    reuse: str
    marked_by: str | None
    marked_at: datetime | None
    mark_note: str | None
    updated_at: datetime
    used_by: Sequence[UseView]


def format_number(number: int) -> str:
    """The number by which people call a lesson: LES-000123."""
    return f"LES-{number:06d}"
