"""Tasks of an improvement: the phased steps of its plan."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record

LIVE = "state IN ('planned', 'in_progress') AND NOT awaits_approval AND due IS NOT NULL"
"""A task in such a state can be overdue."""


class Task(Record, table=True):
    """One step of a plan (R128): who does what, from when, until when.

    `awaits_approval`: it was asked for by `requested_by` after the plan was approved, and nobody has approved it yet.
    `overdue_told_at` is null until it is told that `due` is past; another due date is told again. `held_before` is
    how long (in seconds) the record had been on hold when `due` was set. `version` is the ETag.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("improvement_id", "number"),
        Index("ix_tasks_untold", "due", postgresql_where=text(f"{LIVE} AND overdue_told_at IS NULL")),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    number: int
    version: int = Field(sa_type=BigInteger)
    phase: str | None = Field(default=None, sa_type=Text)
    title: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    owner: str | None = Field(default=None, sa_type=Text)
    start: date | None = None
    due: date | None = None
    held_before: int = Field(default=0, sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    awaits_approval: bool
    requested_by: str = Field(sa_type=Text)
    approved_by: str | None = Field(default=None, sa_type=Text)
    done_at: datetime | None = Field(default=None, sa_type=MOMENT)
    done_by: str | None = Field(default=None, sa_type=Text)
    overdue_told_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_at: datetime = Field(sa_type=MOMENT)
    updated_at: datetime = Field(sa_type=MOMENT)
