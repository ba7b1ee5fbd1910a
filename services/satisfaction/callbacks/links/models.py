"""The links by which customers answer for themselves."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.callbacks.models import callbacks
from services.satisfaction.database import spine

callback_links = Table(
    "callback_links",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("callback_id", Uuid, ForeignKey(callbacks.c.id), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("draft", JSONB(none_as_null=True)),
    Column("draft_saved_at", DateTime(timezone=True)),
    Column("used_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
    Index(
        "uq_callback_links_live",
        "callback_id",
        unique=True,
        postgresql_where=text("used_at IS NULL AND withdrawn_at IS NULL"),
    ),
)
"""Only the token's SHA-256 is kept: who reads the table cannot answer for a customer. `draft` is what a customer has
saved half-way, as typed."""
