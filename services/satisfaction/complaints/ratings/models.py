"""Ratings of members of staff by customers (R200): each customer's newest one of each person counts."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, SmallInteger, Table, Text, Uuid

from services.satisfaction.complaints.models import MOMENT
from services.satisfaction.database import spine

staff_ratings = Table(
    "staff_ratings",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("staff", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("complaint_id", Uuid, ForeignKey("complaints.id", ondelete="SET NULL"), index=True),
    Column("rated_at", MOMENT, nullable=False),
    Column("rated_by", Text, nullable=False),
    CheckConstraint("score BETWEEN 1 AND 5", name="score_in_range"),
    Index(None, "staff", "customer", "id"),
)
