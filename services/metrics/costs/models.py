"""What services cost and bring in, by month; every revision of every amount, and each month as it stands."""

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid

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

cost_facts = Table(
    "cost_facts",
    spine.metadata,
    Column("service", Text, primary_key=True),
    Column("month_at", DateTime(timezone=True), primary_key=True),
    Column("cost", Numeric(16, 2)),
    Column("income", Numeric(14, 2)),
    Column("currency", Text, nullable=False),
    Column("complete", Boolean, nullable=False),
    Index(None, "month_at"),
)
