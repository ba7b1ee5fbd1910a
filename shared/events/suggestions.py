"""What satisfaction tells of suggestions: received, answered, overdue."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Fact


class SuggestionFact(Fact):
    """A suggestion as it stood right after (R184, R195); subject is `suggestion_id`. Anonymous ones name nobody."""

    suggestion_id: UUID
    number: str
    title: str
    description: str
    channel: str
    anonymous: bool = False
    suggested_by: str | None = None
    supervisor: bool = False
    customer: str | None = None
    service: str | None = None
    project: str | None = None
    department: str | None = None
    received_by: str
    received_at: datetime
    due_at: datetime
    url: str | None = None


class SuggestionReceived(SuggestionFact):
    """A customer or an independent supervisor suggests something."""

    TYPE: ClassVar[str] = "ratchet.suggestion.received.v1"


class SuggestionAnswered(SuggestionFact):
    """It was studied, and whoever made it was told what comes of it; `reward` says how it was thanked for."""

    TYPE: ClassVar[str] = "ratchet.suggestion.answered.v1"
    outcome: Literal["adopted", "declined"]
    reason: str
    reward: str | None = None
    answered_by: str
    answered_at: datetime
    on_time: bool


class SuggestionOverdue(SuggestionFact):
    """R184, R195: the time for an answer is over and nobody gave one; told once."""

    TYPE: ClassVar[str] = "ratchet.suggestion.overdue.v1"
    owner: str | None = None
    noticed_at: datetime
