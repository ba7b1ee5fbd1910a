"""The ledger's tables: entries that are only ever appended, and the head of their chain."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text

from services.audit.database import spine

ledger_entries = Table(
    "ledger_entries",
    spine.metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("source", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index(None, "correlation_id", "position"),
    Index(None, "type", "position"),
    Index(None, "subject", "position"),
)

ledger_head = Table(
    "ledger_head",
    spine.metadata,
    Column("id", Integer, primary_key=True, server_default=text("1")),
    Column("position", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
