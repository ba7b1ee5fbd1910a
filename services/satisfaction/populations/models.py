"""Whom a campaign is about: everybody, and who of them was drawn."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.database import spine

members = Table(
    "survey_members",
    spine.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("campaign_id", Uuid, ForeignKey(campaigns.c.id), nullable=False),
    Column("reference", Text, nullable=False),
    Column("name", Text),
    Column("email", Text),
    Column("language", Text),
    Column("stratum", Text, nullable=False),
    Column("customer", Text),
    Column("department", Text),
    Column("segment", Text),
    Column("contact_hash", LargeBinary, nullable=False),
    Column("drawn", Boolean, nullable=False, server_default=text("false")),
    Column("resting", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("campaign_id", "reference"),
    Index(None, "campaign_id", "stratum"),
    Index(None, "campaign_id", "contact_hash"),
    Index(None, "campaign_id", "id"),
    postgresql_with={"fillfactor": 80},
)
"""`reference` is the uploader's own id of this person. `contact_hash` is the SHA-256 of the e-mail address in lower
case, or of the reference where there is none: by it a person is known in other campaigns (fatigue). `resting`: not
asked, because another campaign asked within its rest days or the person wants no surveys. A draw writes
`drawn` and `resting`, which no index holds, into the room that pages have left: no index is written then."""
