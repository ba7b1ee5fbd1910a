"""Negotiations of disputes, and what each party said in them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Table, Text, Uuid

from services.metrics.database import spine

negotiations = Table(
    "negotiations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("clause", Text),
    Column("settlement_id", Uuid),
    Column("title", Text, nullable=False),
    Column("opened_by_party", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("deadline", Date, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("renegotiates", Boolean, nullable=False),
    Column("settled_by", Text),
    Column("settled_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Index(None, "agreement_id", "id"),
    Index(None, "state", "id"),
)

positions = Table(
    "negotiation_positions",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("negotiation_id", Uuid, nullable=False),
    Column("party", Text, nullable=False),
    Column("statement", Text, nullable=False),
    Column("signatory", Text, nullable=False),
    Column("evidence", Text),
    Column("stated_by", Text, nullable=False),
    Column("stated_at", DateTime(timezone=True), nullable=False),
    Index(None, "negotiation_id", "id"),
)
"""Only ever added to."""
