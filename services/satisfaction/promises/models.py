"""What is known here of the agreements: the clauses that a survey must ask about (R84)."""

from sqlalchemy import ARRAY, Boolean, Column, DateTime, PrimaryKeyConstraint, Table, Text, Uuid, text

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
    Column("services", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("ended", Boolean, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("agreement_id", "clause"),
)
"""`services` are those that the agreement is about."""
