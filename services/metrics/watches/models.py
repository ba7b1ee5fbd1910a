"""Agreements that count, with how far their tickets are followed and which of their periods ends next."""

from sqlalchemy import Column, Date, DateTime, Index, Table, Uuid, text

from services.metrics.database import spine

agreement_watches = Table(
    "agreement_watches",
    spine.metadata,
    Column("agreement_id", Uuid, primary_key=True),
    Column("calendar_content", Uuid),
    Column("follow_next", Date),
    Column("close_next", Date),
    Column("close_at", DateTime(timezone=True)),
    Index(None, "follow_next", postgresql_where=text("follow_next IS NOT NULL")),
    Index(None, "close_at"),
)
