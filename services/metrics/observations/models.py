"""Values: every value that was ever told of a closed period is kept."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.metrics.database import spine

observations = Table(
    "observations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("definition_version", Integer, nullable=False),
    Column("value", Float),
    Column("n", BigInteger, nullable=False),
    Column("numerator", Float),
    Column("missing", BigInteger, nullable=False, server_default=text("0")),
    Column("origin", Text, nullable=False, server_default=text("'computed'")),
    Column("provisional", Boolean, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("measure_key", "scope", "period", "revision"),
    Index(None, "measure_key", "period"),
)
