"""Suggestions of customers and of independent supervisors (R184, R195)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Identity, Index, Table, Text, Uuid, text

from services.satisfaction.complaints.models import MOMENT
from services.satisfaction.database import spine

suggestions = Table(
    "suggestions",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("anonymous", Boolean, nullable=False),
    Column("suggested_by", Text),
    Column("contact", Text),
    Column("supervisor", Boolean, nullable=False),
    Column("customer", Text),
    Column("service", Text),
    Column("project", Text),
    Column("department", Text),
    Column("owner", Text),
    Column("received_by", Text, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    Column("reward", Text),
    Column("contacted_at", MOMENT),
    Column("answered_at", MOMENT),
    Column("answered_by", Text),
    Column("noticed_at", MOMENT, comment="when it was told that nobody answered in time"),
    Column("updated_at", MOMENT, nullable=False),
    CheckConstraint(
        "NOT anonymous OR (suggested_by IS NULL AND contact IS NULL AND customer IS NULL)", name="nameless"
    ),
    Index("ix_suggestions_newest", text("received_at DESC"), text("id DESC")),
    Index("ix_suggestions_unnoticed", "due_at", postgresql_where=text("state = 'received' AND noticed_at IS NULL")),
)
