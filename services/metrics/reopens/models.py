"""Disputed resolutions on their way back into the ticketing system, and every attempt to reopen the incident there."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from services.metrics.database import spine

reopens = Table(
    "reopens",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("callback_id", Uuid, nullable=False, unique=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("resolution_number", Integer, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("disputed_at", DateTime(timezone=True), nullable=False),
    Column("solved", Text, nullable=False),
    Column("comment", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("settled_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "state", "next_attempt_at"),
    Index(None, "ticket_id"),
)

reopen_attempts = Table(
    "reopen_attempts",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("reopen_id", Uuid, ForeignKey("reopens.id"), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", Text),
    Column("error", Text),
    Column("is_lasting", Boolean, nullable=False, server_default=text("false")),
    Column("retry_after_seconds", Integer),
    Index(None, "reopen_id", "id"),
)
