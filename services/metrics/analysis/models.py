"""Requests to assess an effect, and what was answered."""

from sqlalchemy import Boolean, Column, DateTime, Float, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

effect_requests = Table(
    "effect_requests",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("improvement_id", Uuid, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("causation_id", Text),
    Column("plan", JSONB, nullable=False),
    Column("plan_hash", Text, nullable=False),
    Column("target", Float),
    Column("purpose", Text, nullable=False, server_default=text("'verification'")),
    Column("implemented_at", DateTime(timezone=True), nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("settled", Boolean, nullable=False, server_default=text("false")),
    Column("next_look_at", DateTime(timezone=True), nullable=False),
    Column("answers", Integer, nullable=False, server_default=text("0")),
    Column("last_verdict", Text),
    Column("last_reason", Text),
    Index(None, "next_look_at", postgresql_where=text("NOT settled")),
)
