"""What comes in and goes out over REST for the discussion of an improvement."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.improvement.discussion.models import Entry
from services.improvement.discussion.rules import Kind
from shared.fields import Body, Name, Text

Percent = Annotated[int, Field(ge=0, le=100)]


class CommentBody(Body):
    """R19. What a customer writes is always visible to that customer."""

    kind: Literal["comment"]
    body: Text
    visible_to_customer: bool = False


class ProgressBody(Body):
    """R20: how far the work is, what was done (`body`) and what is next; nothing is next at 100 per cent."""

    kind: Literal["progress"]
    percent: Percent
    body: Text
    next_step: Text | None = None

    @model_validator(mode="after")
    def _says_what_is_next(self) -> "ProgressBody":
        if self.percent < 100 and self.next_step is None:
            raise ValueError("next_step: say what is done next, until the work is at 100 per cent")
        return self


class DecisionBody(Body):
    """A decision on the record: what was decided (`body`), and by whom."""

    kind: Literal["decision"]
    body: Text
    decided_by: Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]


EntryBody = Annotated[CommentBody | ProgressBody | DecisionBody, Field(discriminator="kind")]


class EntryEdit(Body):
    """The words put right; for progress the figures too. Fields left out stay."""

    body: Text | None = None
    percent: Percent | None = None
    next_step: Text | None = None


class RetractionBody(Body):
    reason: Text


class EntryView(BaseModel):
    """One entry. A retracted one keeps its words for staff; a customer is told only that it was retracted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    improvement_id: UUID
    version: int
    kind: Kind
    body: str | None
    percent: int | None
    next_step: str | None
    decided_by: list[str] | None
    visible_to_customer: bool
    author: str
    author_name: str
    customer: str | None
    written_at: datetime
    edited_at: datetime | None
    retracted_by: str | None
    retracted_at: datetime | None
    retraction_reason: str | None

    @classmethod
    def of(cls, row: Entry, to_customer: bool) -> "EntryView":
        view = cls.model_validate(row)
        if to_customer and row.retracted_at is not None:
            return view.model_copy(update={"body": None, "retraction_reason": None})
        return view
