"""The days on which a signed effect is looked at again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class SustainCheck(Record, table=True):
    """Whether the signed level still holds `day` days after closing (R127).

    `state` is due, asked, held, regressed, inconclusive or cancelled. `assessment` is metrics' whole answer to
    `request_id`, `reason` its reason in words, or why the check was cancelled. `successor_id` is the record of the next
    cycle, where it regressed.
    """

    __tablename__ = "sustain_checks"
    __table_args__ = (
        UniqueConstraint("improvement_id", "day"),
        Index("ix_sustain_checks_due", "due_at", postgresql_where=text("state = 'due'")),
        Index(None, "state", "due_at", "id"),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    day: int
    due_at: datetime = Field(sa_type=MOMENT)
    state: str = Field(sa_type=Text)
    asked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    request_id: UUID | None = Field(default=None, unique=True)
    assessment: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    reason: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    successor_id: UUID | None = Field(default=None, foreign_key="improvements.id")
