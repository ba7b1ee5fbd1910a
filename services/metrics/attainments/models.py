"""What was promised against what was delivered, a clause and a period: every value ever settled is kept."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

attainment_marks = Table(
    "attainment_marks",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("clause_id", Uuid, nullable=False),
    Column("period", Date, nullable=False),
    Column("marked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

clause_evaluations = Table(
    "clause_evaluations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("clause_id", Uuid, nullable=False),
    Column("agreement_id", Uuid, nullable=False),
    Column("measure_key", Text),
    Column("period", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("unit", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("target", Float, nullable=False),
    Column("raw", Float),
    Column("raw_n", BigInteger, nullable=False),
    Column("excluded", Float, nullable=False),
    Column("adjusted", Float),
    Column("numerator", Float),
    Column("n", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("evaluated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("clause_id", "period", "revision"),
    Index(None, "agreement_id", "period"),
    Index(None, "measure_key", "period"),
)

agreement_evaluations = Table(
    "agreement_evaluations",
    spine.metadata,
    Column("agreement_id", Uuid, primary_key=True),
    Column("period", Date, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("evaluated_at", DateTime(timezone=True), nullable=False),
)
