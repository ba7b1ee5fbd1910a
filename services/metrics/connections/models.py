"""Connections to ticketing systems: how each proves itself, what its words mean, and how far it was polled."""

from sqlalchemy import BigInteger, Column, DateTime, Double, Integer, Table, Text, Uuid, text
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
    Column("states", JSONB, nullable=False, server_default=text("'{}'")),
    Column("time_zone", Text, nullable=False),
    Column("owner", Text),
    Column("expected_every_hours", Double),
    Column("base_url", Text),
    Column("poll_authentication", Text),
    Column("sealed_poll_secret", Text),
    Column("poll_filter", Text),
    Column("poll_every_seconds", Integer),
    Column("reopening", JSONB(none_as_null=True)),
    Column("sealed_reopening", Text),
    Column("poll_since", DateTime(timezone=True)),
    Column("polled_until", DateTime(timezone=True)),
    Column("round_since", DateTime(timezone=True)),
    Column("round_page", Integer),
    Column("next_poll_at", DateTime(timezone=True)),
    Column("leased_until", DateTime(timezone=True)),
    Column("last_polled_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("silence_told_at", DateTime(timezone=True)),
    Column("silences", BigInteger, nullable=False, server_default=text("0")),
    Column("version", BigInteger, nullable=False),
    Column("revision", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
