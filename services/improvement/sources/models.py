"""Everything that was told to improvement and could open a record, and what each matter has led to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Source(Record, table=True):
    """One telling. `outcome` is opened, attached, counted (with others it may open one) or suppressed; `reason` says
    why in words. `reference` is the matter's id where it comes from, `label` what people call it there. `told_at` is
    when it happened, `heard_at` when we heard of it. `event_id` is null for what a person entered here.
    """

    __tablename__ = "sources"
    __table_args__ = (
        Index("uq_sources_event", "event_id", "reference", unique=True, postgresql_where=text("event_id IS NOT NULL")),
        Index(None, "improvement_id", "id"),
        Index(None, "kind", "id"),
        Index(None, "outcome", "id"),
        Index("ix_sources_counted", "matter", "told_at", postgresql_where=text("outcome = 'counted'")),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    reference: str = Field(sa_type=Text)
    label: str = Field(sa_type=Text)
    matter: str = Field(sa_type=Text)
    event_id: UUID | None = None
    correlation_id: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    problem: str = Field(sa_type=Text)
    severity: str | None = Field(default=None, sa_type=Text)
    department: str | None = Field(default=None, sa_type=Text)
    service: str | None = Field(default=None, sa_type=Text)
    customer: str | None = Field(default=None, sa_type=Text)
    project: str | None = Field(default=None, sa_type=Text)
    measure_key: str | None = Field(default=None, sa_type=Text)
    scope: str | None = Field(default=None, sa_type=Text)
    link: str | None = Field(default=None, sa_type=Text)
    facts: dict[str, Any] = Field(sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")})
    told_by: str = Field(sa_type=Text)
    told_at: datetime = Field(sa_type=MOMENT)
    heard_at: datetime = Field(sa_type=MOMENT)
    outcome: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    improvement_id: UUID | None = Field(default=None, foreign_key="improvements.id")


class Matter(Record, table=True):
    """What a source is, or is about: the record that it led to last, and when it was told of last. Whoever takes
    something of a matter holds its row, so that two at once open one record."""

    __tablename__ = "matters"

    key: str = Field(primary_key=True, sa_type=Text)
    improvement_id: UUID | None = Field(default=None, foreign_key="improvements.id")
    told_at: datetime | None = Field(default=None, sa_type=MOMENT)
