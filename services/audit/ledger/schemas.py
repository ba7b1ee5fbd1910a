"""What the ledger answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import Row


class Entry(BaseModel):
    """One event as it was recorded; `hash` (hex) chains it to all before."""

    position: int
    event_id: UUID
    source: str
    type: str
    subject: str
    correlation_id: str
    actor: str
    time: datetime
    hash: str
    event: dict[str, Any]

    @classmethod
    def of(cls, row: Row[Any]) -> "Entry":
        """Read a row of the ledger."""
        return cls(
            position=row.position,
            event_id=row.event_id,
            source=row.source,
            type=row.type,
            subject=row.subject,
            correlation_id=row.correlation_id,
            actor=row.actor,
            time=row.time,
            hash=bytes(row.hash).hex(),
            event=orjson.loads(row.body),
        )


class Verification(BaseModel):
    """Whether the chain holds; `broken_at` is the first position where it does not."""

    intact: bool
    entries: int
    head: str
    broken_at: int | None


class Trace(BaseModel):
    """One story from its beginning, in the order in which the ledger heard it."""

    correlation_id: str
    entries: list[Entry]
    truncated: bool
