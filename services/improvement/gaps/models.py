"""The gaps that metrics told of, and the record that each of them led to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Gap(Record, table=True):
    """`improvement_id` is null for a gap that was settled before it was heard of (`settled_reason` says why), and for
    one that is suppressed: `sources` says why."""

    __tablename__ = "gaps"
    __table_args__ = (Index(None, "improvement_id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID | None = Field(default=None, foreign_key="improvements.id")
    settled_at: datetime | None = Field(default=None, sa_type=MOMENT)
    settled_reason: str | None = Field(default=None, sa_type=Text)
