"""Disputes about a complaint: opened, positions, outcome, deadline (R170)."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.complaints.models import MOMENT
from services.satisfaction.database import spine

complaint_disputes = Table(
    "complaint_disputes",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("complaint_id", Uuid, ForeignKey("complaints.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("positions", JSONB, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("outcome", Text),
    Column("settled_at", MOMENT),
    Column("settled_by", Text),
    UniqueConstraint("complaint_id", "number"),
    Index("uq_complaint_disputes_open", "complaint_id", unique=True, postgresql_where=text("settled_at IS NULL")),
)
"""`positions`: side, text, by whom and when, in order. One dispute of a complaint runs at a time."""
