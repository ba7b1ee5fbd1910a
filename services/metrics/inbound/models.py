"""Connections to ticketing systems, what they sent, and what of it could not be understood."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

connections = Table(
    "connections",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("authentication", Text, nullable=False),
    Column("sealed_secret", Text),
    Column("field_map", JSONB, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

inbound_payloads = Table(
    "inbound_payloads",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index(None, "connection", "id"),
)

quarantine = Table(
    "quarantine",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("connection", Text),
    Column("format", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("quarantined_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("settled_by", Text),
    Index(None, "state", "id"),
)
