"""Questionnaires: a row for each version."""

from sqlalchemy import JSON, BigInteger, Column, DateTime, Integer, PrimaryKeyConstraint, Table, Text

from services.satisfaction.database import spine

questionnaires = Table(
    "questionnaires",
    spine.metadata,
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("edit", BigInteger, nullable=False, comment="counts the writes of this version: its ETag"),
    Column("state", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("digest", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("published_by", Text),
    PrimaryKeyConstraint("key", "version"),
)
"""`content` is `schemas.Content`, as `json` because `jsonb` would order the options of a choice anew. The newest
version may be a draft; a published one is never written again."""
