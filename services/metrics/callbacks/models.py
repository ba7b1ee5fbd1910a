"""What metrics knows of callbacks: enough to tell their coverage (F23)."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid, text

from services.metrics.database import spine

callback_facts = Table(
    "callback_facts",
    spine.metadata,
    Column("callback_id", Uuid, primary_key=True),
    Column("resolved_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("service", Text),
    Column("customer", Text),
    Column("group", Text),
    Column("resolver", Text),
    Column("completed_at", DateTime(timezone=True)),
    Column("score", Integer),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    Index(None, "resolved_at"),
)
