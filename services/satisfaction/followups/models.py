"""Follow-ups of completed projects (R88): one for each completion that the catalogue tells of."""

from sqlalchemy import BigInteger, Column, Date, Index, Integer, SmallInteger, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.complaints.models import MOMENT
from services.satisfaction.database import spine

follow_ups = Table(
    "follow_ups",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("project", Text, nullable=False),
    Column("project_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("customer_name", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("department", Text),
    Column("completed_on", Date, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("state", Text, nullable=False),
    Column("score", SmallInteger),
    Column("answers", JSONB),
    Column("comment", Text),
    Column("done_at", MOMENT),
    Column("done_by", Text),
    Column("noticed_at", MOMENT, comment="when it was told that nobody asked in time"),
    Column("updated_at", MOMENT, nullable=False),
    UniqueConstraint("project", "completed_on"),
    Index(None, "due_at", "id"),
    Index("ix_follow_ups_unnoticed", "due_at", postgresql_where=text("state = 'due' AND noticed_at IS NULL")),
)
