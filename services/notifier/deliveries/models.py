"""The tables of deliveries: the events that some endpoint heard, one row per endpoint and event, and every attempt."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.notifier.database import spine

messages = Table(
    "messages",
    spine.metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("is_test", Boolean, nullable=False, server_default=text("false")),
    Index(None, "time", "event_id"),
)

deliveries = Table(
    "deliveries",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, ForeignKey("endpoints.id"), nullable=False),
    Column("event_id", Uuid, ForeignKey("messages.event_id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("leased_until", DateTime(timezone=True)),
    Column("last_answer", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    UniqueConstraint("event_id", "endpoint_id"),
    Index(None, "endpoint_id", "id"),
    Index(None, "state", "id"),
    Index("ix_deliveries_due", "endpoint_id", "next_attempt_at", postgresql_where=text("state = 'pending'")),
    Index("ix_deliveries_leased", "leased_until", postgresql_where=text("state = 'delivering'")),
    Index("ix_deliveries_settled", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
)
"""`state` is pending (to be sent, now or at `next_attempt_at`), delivering (until `leased_until` at the latest),
succeeded, failed (the endpoint is gone: 410), exhausted (the last attempt of the schedule failed) or cancelled (the
endpoint was deleted). `attempts` counts all; `failures` those since it was queued or replayed."""

delivery_attempts = Table(
    "delivery_attempts",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("delivery_id", Uuid, ForeignKey("deliveries.id", ondelete="CASCADE"), nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("latency_ms", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Index(None, "delivery_id", "at"),
    Index(None, "endpoint_id", "at"),
)
"""`status` is the HTTP status, or null with `error` where there was none; `answer` its first bytes as text."""
