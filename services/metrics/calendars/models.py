"""Calendars, all their versions, and the public holidays of the years that have begun."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

calendars = Table(
    "calendars",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("week", JSONB, nullable=False),
    Column("country", Text),
    Column("subdivision", Text),
    Column("make_up_hours", JSONB),
    Column("exceptions", JSONB, nullable=False),
    Column("content_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

calendar_versions = Table(
    "calendar_versions",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("content", JSONB, nullable=False),
    Column("edited_by", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True), nullable=False),
)

holiday_years = Table(
    "holiday_years",
    spine.metadata,
    Column("country", Text, primary_key=True),
    Column("subdivision", Text, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("holidays", JSONB, nullable=False),
    Column("make_up_workdays", JSONB, nullable=False),
)
