"""What owners handed in, as they handed it in, and what was overdue."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from services.metrics.database import spine

reports = Table(
    "reports",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("value", Float),
    Column("numerator", Float),
    Column("n", BigInteger, nullable=False),
    Column("missing", BigInteger, nullable=False),
    Column("suggestion", Text),
    Column("note", Text),
    Column("reason", Text),
    Column("reported_by", Text, nullable=False),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    Index(None, "measure_key", "scope", "period", "number", unique=True),
)

overdue_collections = Table(
    "overdue_collections",
    spine.metadata,
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("measure_key", "scope", "period"),
)
