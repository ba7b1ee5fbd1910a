"""What must be computed again, and which months are over."""

from sqlalchemy import ARRAY, BigInteger, Column, Date, DateTime, Identity, Table, Text, text

from services.metrics.database import spine

dirty_marks = Table(
    "dirty_marks",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("basis", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("measure_key", Text),
    Column("scopes", ARRAY(Text)),
    Column("marked_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

closed_periods = Table(
    "closed_periods",
    spine.metadata,
    Column("period", Date, primary_key=True),
    Column("closed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)
