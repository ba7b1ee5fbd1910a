"""What services cost and bring in, by month; every revision of every amount."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid

from services.metrics.database import spine

cost_records = Table(
    "cost_records",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("service", Text, nullable=False),
    Column("month", Date, nullable=False),
    Column("kind", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("currency", Text, nullable=False),
    Column("note", Text),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("service", "month", "kind", "revision"),
    Index(None, "month", "service"),
)
