"""Personal invitations: one link for each member who was drawn."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.database import spine
from services.satisfaction.populations.models import members

invitations = Table(
    "survey_invitations",
    spine.metadata,
    Column("id", Uuid, primary_key=True),
    Column("campaign_id", Uuid, ForeignKey(campaigns.c.id), nullable=False),
    Column("member_id", ForeignKey(members.c.id), nullable=False, unique=True),
    Column("contact_hash", LargeBinary, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("invited_at", DateTime(timezone=True), nullable=False),
    Column("sent", Integer, nullable=False, server_default=text("0")),
    Column("next_mail_at", DateTime(timezone=True)),
    Column("leased_until", DateTime(timezone=True)),
    Column("mail_attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Column("stopped_at", DateTime(timezone=True)),
    Column("draft", JSONB),
    Column("sealed_draft", LargeBinary),
    Index(None, "campaign_id", "state"),
    Index(None, "contact_hash", "invited_at"),
    Index("ix_survey_invitations_mail", "next_mail_at", postgresql_where=text("next_mail_at IS NOT NULL")),
    Index("ix_survey_invitations_leased", "leased_until", postgresql_where=text("leased_until IS NOT NULL")),
)
"""States: open → answered | stopped (asked not to be asked, or withdrawn) | expired. Only the token's SHA-256 is kept;
the token itself is derived from the invitation's id by the installation's key, so that a reminder can carry it. `draft`
is what was saved half-way; in an anonymous campaign it is `sealed_draft`, which only the token opens. When an anonymous
one was answered is noted nowhere. `sent` counts the mails that went out, `mail_attempts` the failures of the one that
is due. `leased_until`: a mail is on its way."""

declined = Table(
    "survey_declined",
    spine.metadata,
    Column("contact_hash", LargeBinary, primary_key=True),
    Column("declined_at", DateTime(timezone=True), nullable=False),
)
"""Who asked not to be invited to any survey again: no draw takes them."""
