"""The gaps that metrics told of, and the record that each of them led to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.improvement.database import Record


class Gap(Record):
    """`improvement_id` is null for a gap that was settled before it was heard of; `settled_reason` says why."""

    __tablename__ = "gaps"
    __table_args__ = (Index(None, "improvement_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    improvement_id: Mapped[UUID | None] = mapped_column(ForeignKey("improvements.id"))
    settled_at: Mapped[datetime | None]
    settled_reason: Mapped[str | None]
