"""What metrics knows of improvements: enough to tell what they achieved (R26)."""

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid

from services.metrics.database import spine

improvement_facts = Table(
    "improvement_facts",
    spine.metadata,
    Column("improvement_id", Uuid, primary_key=True),
    Column("verified_at", DateTime(timezone=True), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("measure_key", Text),
    Column("scope", Text),
    Index(None, "verified_at"),
)
