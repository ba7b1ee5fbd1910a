"""Agreements (SLA), their clauses, and what both parties confirmed of them."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Index, Integer, Numeric, Table, Text, Uuid
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

agreements = Table(
    "agreements",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("project", Text),
    Column("services", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("fee", Numeric(14, 2), nullable=False),
    Column("currency", Text, nullable=False),
    Column("penalty_cap_percent", Float),
    Column("notice_days", Integer, nullable=False),
    Column("exemptions", JSONB, nullable=False),
    Column("glossary", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("predecessor_id", Uuid),
    Column("owner", Text, nullable=False),
    Column("reason", Text),
    Column("version", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Unique("number", "revision"),
    Index(None, "state", "id"),
    Index(None, "customer"),
)

clauses = Table(
    "clauses",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("penalty", JSONB),
    Column("measure_key", Text),
    Unique("agreement_id", "key"),
)
