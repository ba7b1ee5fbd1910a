"""What is answered about incidents that are to be reopened at their source."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.metrics.reopens.rules import State


class ReopenView(BaseModel):
    """One disputed resolution. `last_error` is why it is not reopened (yet), with what would be right; `attempts`
    counts those of the present round."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    callback_id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    resolution_number: int
    disputed_at: datetime
    solved: str
    comment: str | None
    state: State
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    settled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ReopenAttemptView(BaseModel):
    """One attempt: `lost` when the process ended in it."""

    model_config = ConfigDict(from_attributes=True)

    started_at: datetime
    finished_at: datetime | None
    outcome: Literal["reopened", "already_open", "failed", "lost"] | None
    error: str | None
    is_lasting: bool
    retry_after_seconds: int | None


class ReopenDetail(ReopenView):
    """With every attempt, oldest first."""

    attempt_log: list[ReopenAttemptView]
