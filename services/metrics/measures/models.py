"""Measures, what is expected of them, and their values: every value ever told is kept."""

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
    Column("owner", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("defined_at", DateTime(timezone=True), nullable=False),
)

measure_scopes = Table(
    "measure_scopes",
    spine.metadata,
    Column("measure_key", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
)

targets = Table(
    "targets",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("minimum_n", Integer, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Index(None, "measure_key", "scope", "effective_from"),
)

baselines = Table(
    "baselines",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("measure_key", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("value", Float, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("improvement_id", Uuid),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Index(None, "measure_key", "scope", "effective_from"),
)

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
    Column("provisional", Boolean, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("measure_key", "scope", "period", "revision"),
)

dirty_marks = Table(
    "dirty_marks",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("basis", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("marked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

closed_periods = Table(
    "closed_periods",
    spine.metadata,
    Column("period", Date, primary_key=True),
    Column("closed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
