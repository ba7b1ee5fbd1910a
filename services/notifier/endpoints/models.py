"""The table of webhook endpoints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.notifier.database import MOMENT, Record


class Endpoint(Record, table=True):
    """One subscriber's address, and what it wants to hear.

    `state` is enabled, disabled or deleted. `secret` is sealed; `old_secrets` are `{"secret": sealed, "valid_until":
    ISO time}` and sign too until then. `failing_since` is the first of the failed attempts since the last success.
    """

    __tablename__ = "endpoints"

    id: UUID = Field(primary_key=True)
    url: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    event_types: list[str] = Field(sa_type=ARRAY(Text))
    filter: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    thin: bool
    state: str = Field(sa_type=Text, sa_column_kwargs={"server_default": text("'enabled'")})
    disabled_reason: str | None = Field(default=None, sa_type=Text)
    secret: str = Field(sa_type=Text)
    old_secrets: list[dict[str, Any]] = Field(sa_type=JSONB)
    failing_since: datetime | None = Field(default=None, sa_type=MOMENT)
    version: int
    correlation_id: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=MOMENT)
    created_by: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=MOMENT)
    updated_by: str = Field(sa_type=Text)
