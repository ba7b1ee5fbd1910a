"""What must not be forgotten while a dispute about it runs (R196)."""

from sqlalchemy import Column, DateTime, Index, Integer, PrimaryKeyConstraint, Table, Text, Uuid, text

from services.metrics.database import spine

legal_holds = Table(
    "legal_holds",
    spine.metadata,
    Column("complaint_id", Uuid, nullable=False),
    Column("dispute_number", Integer, nullable=False),
    Column("complaint_number", Text, nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("settled_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("complaint_id", "dispute_number"),
    Index("ix_legal_holds_running", "since", postgresql_where=text("settled_at IS NULL")),
)
"""One row for each dispute about a complaint that names an incident: what came of that one `since` its opening is kept.
`since` is null where the settlement was heard of first."""
