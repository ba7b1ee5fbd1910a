"""What was answered."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.database import spine

responses = Table(
    "survey_responses",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("campaign_id", Uuid, ForeignKey(campaigns.c.id), nullable=False),
    Column("invitation_id", Uuid, unique=True),
    Column("stratum", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("submitted_at", DateTime(timezone=True)),
    Index(None, "campaign_id", "id"),
)
"""In an anonymous campaign `invitation_id` and `submitted_at` are null, the language is `und` (where few speak one it
would tell who they are) and the id is random."""

unmixed = Table(
    "survey_responses_unmixed",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("campaign_id", Uuid, ForeignKey(campaigns.c.id), nullable=False),
    Column("stratum", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Index(None, "campaign_id"),
)
"""Anonymous answers wait here until their campaign is over: sealed with a key that is in no database, all of a
questionnaire equally long, so that who compares what was there before and after an answer sees only that one came. Then
they are opened and move to `survey_responses` in random order, together."""
