"""The archive of change requests (R120): each as it was sent, every attempt to raise it, all that was told of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Change(Record, table=True):
    """The change request of one approved revision.

    `reference` (`improvement:revision`) is written into the remote record, `correlation_id` is the story's. `attempts`
    counts those of the present round to raise it, and once it is raised those in vain to ask for its outcome;
    `next_attempt_at` is when to raise a pending change, and when to ask for the outcome of a raised one.
    """

    __tablename__ = "change_requests"
    __table_args__ = (
        UniqueConstraint("improvement_id", "revision"),
        Index(None, "state", "next_attempt_at"),
        Index(None, "connection", "external_id"),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    revision: int
    reference: str = Field(unique=True, sa_type=Text)
    correlation_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    connection: str = Field(sa_type=Text)
    system: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    body: dict[str, Any] = Field(sa_type=JSONB)
    attempts: int
    next_attempt_at: datetime | None = Field(default=None, sa_type=MOMENT)
    last_error: str | None = Field(default=None, sa_type=Text)
    external_id: str | None = Field(default=None, sa_type=Text)
    url: str | None = Field(default=None, sa_type=Text)
    raised_at: datetime | None = Field(default=None, sa_type=MOMENT)
    accepted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    implemented_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)
    updated_at: datetime = Field(sa_type=MOMENT)


class Attempt(Record, table=True):
    """One attempt to raise: `outcome` is null while it runs."""

    __tablename__ = "change_attempts"
    __table_args__ = (Index(None, "change_id", "id"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity()])
    change_id: UUID = Field(foreign_key="change_requests.id")
    started_at: datetime = Field(sa_type=MOMENT)
    finished_at: datetime | None = Field(default=None, sa_type=MOMENT)
    outcome: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    connection: str | None = Field(default=None, sa_type=Text)
    is_lasting: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    retry_after_seconds: int | None = Field(default=None)


class Report(Record, table=True):
    """What was told of a change, as it was told: nothing here is ever changed. `word` is the teller's own for the
    state, `effect` what became of it here."""

    __tablename__ = "change_reports"
    __table_args__ = (Index(None, "change_id", "id"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity()])
    change_id: UUID = Field(foreign_key="change_requests.id")
    told_at: datetime = Field(sa_type=MOMENT)
    way: str = Field(sa_type=Text)
    teller: str = Field(sa_type=Text)
    word: str = Field(sa_type=Text)
    state: str | None = Field(default=None, sa_type=Text)
    implemented_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str | None = Field(default=None, sa_type=Text)
    effect: str = Field(sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)
    payload: str | None = Field(default=None, sa_type=Text)
