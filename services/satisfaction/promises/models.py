"""What is known here of the agreements: the clauses that a survey must ask about (R84)."""

from sqlalchemy import Boolean, Column, DateTime, PrimaryKeyConstraint, Table, Text, Uuid

from services.satisfaction.database import spine

promises = Table(
    "promised_clauses",
    spine.metadata,
    Column("agreement_id", Uuid, nullable=False),
    Column("clause", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("project", Text),
    Column("ended", Boolean, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("agreement_id", "clause"),
)
