"""Since when the company's survey is watched (R83)."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, text

from services.satisfaction.database import spine

watched = Table(
    "survey_cadences",
    spine.metadata,
    Column("level", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
    Column("sequence", BigInteger, nullable=False, server_default=text("0")),
)
"""`since`: where nothing was launched yet, the cadence runs from here. `told_at`: when it was last said to be overdue,
and `sequence` how often."""
