"""Gaps and the months in which they occurred."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

gaps = Table(
    "gaps",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("detection", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("expected", Float, nullable=False),
    Column("actual", Float, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("size", Float, nullable=False),
    Column("severity", Text, nullable=False),
    Column("criticality", Text),
    Column("impact", JSONB, nullable=False),
    Column("evidence", JSONB),
    Column("target_loosened", Boolean, nullable=False, server_default=text("false")),
    Column("occurrences", Integer, nullable=False),
    Column("reason", Text),
    Column("settled_until", Date),
    Column("version", BigInteger, nullable=False),
    Column("detected_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Index("ux_gaps_one_open", "measure_key", "scope", unique=True, postgresql_where=text("state = 'open'")),
    Index(None, "state", "id"),
)

gap_occurrences = Table(
    "gap_occurrences",
    spine.metadata,
    Column("gap_id", Uuid, primary_key=True),
    Column("period", Date, primary_key=True),
    Column("observation_id", Uuid, nullable=False),
    Column("expected", Float, nullable=False),
    Column("actual", Float, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("detection", Text, nullable=False, server_default=text("'target_missed'")),
)
