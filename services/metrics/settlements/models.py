"""What a period costs: fee, penalties, claims; every revision that was issued stays."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, Numeric, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

settlements = Table(
    "settlements",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("period", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fee", Numeric(14, 2), nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("penalties_uncapped", Numeric(14, 2), nullable=False),
    Column("penalty_cap", Numeric(14, 2)),
    Column("penalties", Numeric(14, 2), nullable=False),
    Column("claims", Numeric(14, 2), nullable=False),
    Column("total_due", Numeric(14, 2), nullable=False),
    Column("issued_by", Text),
    Column("issued_at", DateTime(timezone=True)),
    Column("provider_confirmed_by", Text),
    Column("provider_confirmed_at", DateTime(timezone=True)),
    Column("customer_confirmed_by", Text),
    Column("customer_confirmed_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("agreement_id", "period", "revision"),
)

loss_claims = Table(
    "loss_claims",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("period", Date, nullable=False),
    Column("amount", Numeric(14, 2), nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("evidence_sha256", Text),
    Column("state", Text, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_reason", Text),
    Column("version", BigInteger, nullable=False),
    Index(None, "agreement_id", "period"),
)
