"""What ticketing systems sent, what of it could not be understood, and what is being read again."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text

from services.metrics.database import spine

inbound_payloads = Table(
    "inbound_payloads",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("origin", Text, nullable=False, server_default=text("'webhook'")),
    Column("delivery", Text),
    Column("content_type", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False, server_default=text("'accepted'")),
    Column("accepted", Integer, nullable=False, server_default=text("0")),
    Column("quarantined", Integer, nullable=False, server_default=text("0")),
    Column("note", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index(None, "connection", "id"),
    Index(
        "ix_inbound_payloads_exceptional", "connection", "outcome", "id", postgresql_where=text("outcome <> 'accepted'")
    ),
)

quarantine = Table(
    "quarantine",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("payload_id", Uuid),
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
    Index("ix_quarantine_payload_id", "payload_id", postgresql_where=text("payload_id IS NOT NULL")),
)

payload_replays = Table(
    "payload_replays",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reached", Uuid, nullable=False),
    Column("payloads", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Index("ix_payload_replays_open", "id", postgresql_where=text("finished_at IS NULL")),
)
