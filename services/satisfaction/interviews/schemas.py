"""What interviews look like from outside."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.satisfaction.complaints.schemas import Score
from shared.fields import Body, Moment, Name, Text


class TopicNote(Body):
    """What was said about one topic; a score from 1 to 5 where it was asked."""

    topic: Name
    note: Text
    score: Score | None = None


class InterviewBody(Body):
    """R137: who was asked by whom, when, and the notes by topic."""

    customer: Name
    interviewee: Name
    interviewer: Name
    held_at: Moment
    service: Name | None = None
    project: Name | None = None
    notes: Annotated[list[TopicNote], Field(min_length=1, max_length=100)]
    summary: Text | None = None


class Interview(BaseModel):
    id: UUID
    number: str
    version: int
    customer: str
    interviewee: str
    interviewer: str
    held_at: datetime
    service: str | None
    project: str | None
    notes: list[TopicNote]
    summary: str | None
    recorded_by: str
