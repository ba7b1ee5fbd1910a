"""What is expected of measures: targets to reach, baselines to hold."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Index, Integer, Table, Text, Uuid, text

from services.metrics.database import spine

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
    Column("loosened", Boolean, nullable=False, server_default=text("false")),
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
    Column("window_from", Date),
    Column("window_to", Date),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("improvement_id", Uuid),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Index(None, "measure_key", "scope", "effective_from"),
)
