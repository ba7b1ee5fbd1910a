"""What is asked about conduct: every version of every item that was added or reworded here."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from services.satisfaction.database import spine

conduct_items = Table(
    "conduct_items",
    spine.metadata,
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("wording_en", Text, nullable=False),
    Column("wording_zh", Text, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("written_by", Text, nullable=False),
    PrimaryKeyConstraint("key", "version"),
    Index("uq_conduct_items_current", "key", unique=True, postgresql_where=text("is_current")),
)
"""Built-in items are in the code as version 1 and have rows only from their second version on."""
