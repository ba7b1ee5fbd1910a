"""What a customer sees of its own callbacks."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.satisfaction.callbacks.rules import State
from shared.events.callbacks import Channel, Solved


class OwnCallback(BaseModel):
    """A resolution that the customer is asked about until `due_at`, and what was answered, by which way and when."""

    id: UUID
    external_id: str
    resolution_number: int
    title: str | None
    service: str | None
    project: str | None
    resolved_at: datetime
    due_at: datetime
    state: State
    next_attempt_at: datetime | None
    completed_at: datetime | None
    channel: Channel | None
    solved: Solved | None
    score: int | None
    comment: str | None
    conduct: Mapping[str, int] | None
