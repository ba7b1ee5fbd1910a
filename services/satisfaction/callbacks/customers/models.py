"""What a call needs to know of a customer."""

from sqlalchemy import Column, DateTime, Index, Integer, Table, Text, text

from services.satisfaction.database import spine

callback_customers = Table(
    "callback_customers",
    spine.metadata,
    Column("customer", Text, primary_key=True),
    Column("name", Text),
    Column("segment", Text),
    Column("registered_version", Integer, nullable=False, server_default=text("0")),
    Column("zone", Text),
    Column("quiet_hours", Text),
    Column("hours", Text),
    Column("desk", Text),
    Column("contact", Text),
    Column("updated_at", DateTime(timezone=True)),
    Column("updated_by", Text),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Index(None, "hours", postgresql_where=text("hours IS NOT NULL")),
)
"""`name`, `segment` and `registered_version` are heard from metrics; the rest is written here, and `version` counts
that. `hours` is zone and quiet hours as one word, null where both are the installation's: customers with the same word
are quiet at the same time."""
