"""Interviews with customers (R137)."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.complaints.models import MOMENT
from services.satisfaction.database import spine

interviews = Table(
    "interviews",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(), nullable=False, unique=True),
    Column("version", BigInteger, nullable=False),
    Column("customer", Text, nullable=False),
    Column("interviewee", Text, nullable=False),
    Column("interviewer", Text, nullable=False),
    Column("service", Text),
    Column("project", Text),
    Column("held_at", MOMENT, nullable=False),
    Column("notes", JSONB, nullable=False),
    Column("summary", Text),
    Column("recorded_by", Text, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    Index("ix_interviews_newest", text("held_at DESC"), text("id DESC")),
)
"""`notes`: topic, note and, where it was asked, a score from 1 to 5."""
