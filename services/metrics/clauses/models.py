"""Clauses in operation: tickets' clocks, what tickets and people contribute, where each clause stands now."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

clause_timers = Table(
    "clause_timers",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("clause_id", Uuid, nullable=False),
    Column("customer", Text),
    Column("service", Text),
    Column("group", Text),
    Column("state", Text, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("at_risk_at", DateTime(timezone=True)),
    Column("stopped_at", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    Column("elapsed_minutes", Float),
    Column("pauses", JSONB, nullable=False),
    Column("breach_told", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("ticket_id", "clause_id"),
    Index("ix_clause_timers_to_warn", "at_risk_at", postgresql_where=text("state = 'on_track'")),
    Index("ix_clause_timers_to_tell", "due_at", postgresql_where=text("state IN ('on_track', 'at_risk')")),
    Index("ix_clause_timers_worklist", "due_at", "id", postgresql_where=text("state IN ('at_risk', 'breached')")),
    Index(
        "ix_clause_timers_running",
        "clause_id",
        "state",
        postgresql_where=text("state IN ('on_track', 'at_risk', 'breached')"),
    ),
    Index(None, "clause_id", "decided_at", postgresql_include=["state"]),
)

ticket_rests = Table(
    "ticket_rests",
    spine.metadata,
    Column("ticket_id", Uuid, primary_key=True),
    Column("resolved_at", DateTime(timezone=True), primary_key=True),
    Column("reopened_at", DateTime(timezone=True), nullable=False),
)
"""Spans in which a ticket was resolved before a reopen: the ticket itself forgets them."""

clause_cases = Table(
    "clause_cases",
    spine.metadata,
    Column("ticket_id", Uuid, primary_key=True),
    Column("clause_id", Uuid, primary_key=True),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index(None, "clause_id", "began_at"),
)

clause_records = Table(
    "clause_records",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("clause_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("value", Float),
    Column("note", Text),
    Column("evidence_sha256", Text),
    Column("evidence_link", Text),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index(None, "clause_id", "kind", "at"),
)

clause_standings = Table(
    "clause_standings",
    spine.metadata,
    Column("clause_id", Uuid, primary_key=True),
    Column("period", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("used", Float),
    Column("allowed", Float),
    Column("due_at", DateTime(timezone=True)),
    Column("look_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "look_at"),
)
