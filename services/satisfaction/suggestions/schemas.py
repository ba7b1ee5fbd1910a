"""What suggestions look like from outside."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.satisfaction.complaints.rules import Channel
from shared.fields import Body, Moment, Name, Text

Outcome = Literal["adopted", "declined"]
State = Literal["received", "answered"]


class NewSuggestion(Body):
    """`supervisor`: an independent supervisor makes it (R184)."""

    title: Name
    description: Text
    channel: Channel
    anonymous: bool = False
    suggested_by: Name | None = None
    contact: Name | None = None
    supervisor: bool = False
    customer: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None
    received_at: Moment | None = None


class SuggestionEdit(Body):
    """Who studies it, and where it belongs. What is not named stays; null takes away."""

    owner: Name | None = None
    service: Name | None = None
    project: Name | None = None
    department: Name | None = None


class Reply(Body):
    """R184, R195: what comes of it, why, how it is thanked for, and when whoever made it was told."""

    outcome: Outcome
    reason: Text
    reward: Text | None = None
    contacted_at: Moment | None = None


class Suggestion(BaseModel):
    id: UUID
    number: str
    version: int
    state: State
    title: str
    description: str
    channel: Channel
    anonymous: bool
    suggested_by: str | None
    contact: str | None
    supervisor: bool
    customer: str | None
    service: str | None
    project: str | None
    department: str | None
    owner: str | None
    received_by: str
    received_at: datetime
    due_at: datetime
    overdue: bool
    outcome: Outcome | None
    reason: str | None
    reward: str | None
    contacted_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None


class SuggestionFigures(BaseModel):
    """Of suggestions received in [from, to). `on_time_share` is of those that are answered or overdue."""

    period_from: datetime
    period_to: datetime
    received: int
    answered: int
    adopted: int
    declined: int
    rewarded: int
    overdue: int
    on_time: int
    on_time_share: float | None
