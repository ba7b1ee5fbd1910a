"""Quality standards with all their versions, evaluations of services, and those that were not made in time."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

quality_standards = Table(
    "quality_standards",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("service", Text),
    Column("service_class", Text),
    Column("reference", Text, nullable=False),
    Column("indicators", JSONB, nullable=False),
    Column("review_on", Date, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

quality_standard_versions = Table(
    "quality_standard_versions",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("standard", JSONB, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

service_evaluations = Table(
    "service_evaluations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("service", Text, nullable=False),
    Column("evaluated_on", Date, nullable=False),
    Column("first_month", Date, nullable=False),
    Column("last_month", Date, nullable=False),
    Column("effect", JSONB, nullable=False),
    Column("quality", JSONB, nullable=False),
    Column("cost", JSONB, nullable=False),
    Column("conclusions", Text, nullable=False),
    Column("actions", JSONB, nullable=False),
    Column("follow_ups", JSONB, nullable=False),
    Column("figures", JSONB, nullable=False),
    Column("next_due", Date),
    Column("evaluated_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index(None, "service", "evaluated_on"),
)

missed_evaluations = Table(
    "missed_evaluations",
    spine.metadata,
    Column("service", Text, primary_key=True),
    Column("due_on", Date, primary_key=True),
    Column("found_at", DateTime(timezone=True), nullable=False),
)
