"""What the deliveries' routes answer."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Row

from services.notifier.deliveries.rules import State


class DeliveryView(BaseModel):
    """One event on its way to one endpoint. `attempts` counts all that were made.

    `pending` waits for `next_attempt_at`; `failed` was answered by 410 Gone; `exhausted` failed to the schedule's end;
    `cancelled` had its endpoint deleted. `test` marks an example.
    """

    id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    subject: str
    sequence: int
    test: bool
    state: State
    attempts: int
    next_attempt_at: datetime | None
    last_answer: str | None
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Read a row of the deliveries."""
        return cls(test=row.is_test, **{name: getattr(row, name) for name in cls.model_fields if hasattr(row, name)})


class AttemptView(BaseModel):
    """One attempt. `status` is null where there was no answer: `error` says why; `answer` is its first KiB as text."""

    at: datetime
    succeeded: bool
    status: int | None
    error: str | None
    latency_ms: int
    answer: str

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Read a row of the attempts."""
        return cls.model_validate(row, from_attributes=True)


class DeliveryDetail(DeliveryView):
    """A delivery with every attempt, first to last, and the event as it was recorded."""

    attempt_log: list[AttemptView]
    event: dict[str, Any]
