"""Surveys that open by themselves: after what, whom they ask, and what they followed so far (R121)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.database import spine

triggers = Table(
    "survey_triggers",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("follows", Text, nullable=False),
    Column("service", Text),
    Column("customer", Text),
    Column("connection", Text),
    Column("level", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
)
"""`service`, `customer` and `connection` narrow what it follows; null: any. `terms` is `schemas.Terms`."""

occasions = Table(
    "survey_occasions",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("trigger_id", Uuid, ForeignKey(triggers.c.id), nullable=False),
    Column("subject", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("service", Text),
    Column("customer", Text),
    Column("project", Text),
    Column("correlation_id", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True)),
    Column("campaign_id", Uuid, ForeignKey(campaigns.c.id)),
    UniqueConstraint("trigger_id", "subject"),
    Index("ix_survey_occasions_due", "due_at", postgresql_where=text("opened_at IS NULL")),
)
"""What a trigger followed: a change that was carried out, a project that was completed; `subject` names it once. Its
campaign begins at `due_at`."""
