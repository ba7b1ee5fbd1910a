"""Who is calling whom at this moment."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, Uuid

from services.satisfaction.callbacks.models import callbacks
from services.satisfaction.database import spine

callback_claims = Table(
    "callback_claims",
    spine.metadata,
    Column("contact", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("holder_name", Text, nullable=False),
    Column("callback_id", Uuid, ForeignKey(callbacks.c.id), nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
"""One row for each contact that somebody holds or held last: the primary key is what keeps two agents apart. A row past
`expires_at` holds nothing. `callback_id` is the callback for which it was claimed."""
