"""Change requests in the ticketing system, and every attempt to raise one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.improvement.database import Record


class Change(Record):
    """The change request of one approved revision.

    `reference` (`improvement:revision`) is written into the remote record, `correlation_id` is the story's. `attempts`
    counts those of the present round; `next_attempt_at` is when to raise a pending change, and when to ask for the
    outcome of a raised one.
    """

    __tablename__ = "change_requests"
    __table_args__ = (
        UniqueConstraint("improvement_id", "revision"),
        Index(None, "state", "next_attempt_at"),
        Index(None, "connection", "external_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    improvement_id: Mapped[UUID] = mapped_column(ForeignKey("improvements.id"))
    revision: Mapped[int]
    reference: Mapped[str] = mapped_column(unique=True)
    correlation_id: Mapped[str]
    version: Mapped[int] = mapped_column(BigInteger)
    connection: Mapped[str]
    system: Mapped[str]
    state: Mapped[str]
    body: Mapped[dict[str, Any]]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    external_id: Mapped[str | None]
    url: Mapped[str | None]
    raised_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    implemented_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Attempt(Record):
    """One attempt: `outcome` is null while it runs, or when the process died in it."""

    __tablename__ = "change_attempts"
    __table_args__ = (Index(None, "change_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    change_id: Mapped[UUID] = mapped_column(ForeignKey("change_requests.id"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[str | None]
