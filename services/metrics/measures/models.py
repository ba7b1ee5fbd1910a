"""Measures as defined, every version, and the scopes that are observed."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

measures = Table(
    "measures",
    spine.metadata,
    Column("key", Text, primary_key=True),
    Column("definition_version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("aspect", Text, nullable=False),
    Column("object_kind", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("data_kind", Text, nullable=False),
    Column("formula", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("dimensions", JSONB, nullable=False, server_default=text("'[]'")),
    Column("frequency", Text, nullable=False, server_default=text("'monthly'")),
    Column("collection", Text, nullable=False, server_default=text("''")),
    Column("collection_days", Integer, nullable=False, server_default=text("10")),
    Column("document", Text),
    Column("review_due", Date),
    Column("review_told", Date),
    Column("owner", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("defined_at", DateTime(timezone=True), nullable=False),
)

measure_definitions = Table(
    "measure_definitions",
    spine.metadata,
    Column("key", Text, nullable=False),
    Column("definition_version", Integer, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("defined_by", Text, nullable=False),
    Column("defined_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("key", "definition_version"),
)

measure_scopes = Table(
    "measure_scopes",
    spine.metadata,
    Column("measure_key", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
)
