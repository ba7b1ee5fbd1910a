"""By which other names somebody is known who calls customers."""

from sqlalchemy import Column, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from services.satisfaction.database import spine

callback_callers = Table(
    "callback_callers",
    spine.metadata,
    Column("subject", Text, primary_key=True),
    Column("names", ARRAY(Text), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
"""`subject` is the token's; `names` are those of the ticketing systems. Who has no row is known by subject and name."""
