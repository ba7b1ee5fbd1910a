"""Agreements (SLA), their clauses, what both parties confirmed of them, and all that happened to them."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Identity, Index, Integer, Numeric, Table, Text, Uuid
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.dialects.postgresql import JSONB

from services.metrics.database import spine

agreements = Table(
    "agreements",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("project", Text),
    Column("services", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("settled_by", Text, nullable=False),
    Column("fee", Numeric(14, 2), nullable=False),
    Column("currency", Text, nullable=False),
    Column("penalty_cap_percent", Float),
    Column("notice_days", Integer, nullable=False),
    Column("exemptions", JSONB, nullable=False),
    Column("glossary", JSONB, nullable=False),
    Column("needs", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Column("predecessor_id", Uuid),
    Column("owner", Text, nullable=False),
    Column("reason", Text),
    Column("signed_by", Text),
    Column("signed_at", DateTime(timezone=True)),
    Column("ended_on", Date),
    Column("expiry_announced_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Unique("number", "revision"),
    Index(None, "state", "id"),
    Index(None, "customer"),
)
"""`services` are named as tickets name them. `digest` names the content that parties confirm. `owner` is who answers
for it. `reason` is why it was back-dated, reviewed or ended; `ended_on` the last day on which it counted."""

clauses = Table(
    "clauses",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("terms", JSONB, nullable=False),
    Column("penalty", JSONB(none_as_null=True)),
    Column("measure_key", Text),
    Unique("agreement_id", "key"),
)

confirmations = Table(
    "agreement_confirmations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("party", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("signatory", Text, nullable=False),
    Column("evidence", Text),
    Column("note", Text),
    Column("confirmed_by", Text, nullable=False),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
    Index(None, "agreement_id", "id"),
)
"""Only ever added to. `signatory` is who confirms; `confirmed_by` whose token said so; `evidence` the document where
staff say it for the customer."""

history = Table(
    "agreement_history",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("agreement_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("note", Text),
    Column("digest", Text, nullable=False),
    Column("content", JSONB(none_as_null=True)),
    Index(None, "agreement_id", "id"),
)
"""Only ever added to. `content` is all of it as it was written then, where the action wrote it."""
