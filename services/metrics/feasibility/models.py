"""What was found out about promises before they were signed."""

from sqlalchemy import Column, DateTime, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

feasibility_studies = Table(
    "feasibility_studies",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("digest", Text, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Index(None, "agreement_id", "id"),
)
"""`digest` names the content that was studied; `findings` are kept as they were told."""
