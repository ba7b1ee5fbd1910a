"""The table of webhook endpoints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.database import Record


class Endpoint(Record):
    """One subscriber's address, and what it wants to hear.

    `state` is enabled, disabled or deleted. `secret` is sealed; `old_secrets` are `{"secret": sealed, "valid_until":
    ISO time}` and sign too until then. `failing_since` is the first of the failed attempts since the last success.
    """

    __tablename__ = "endpoints"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    description: Mapped[str | None]
    event_types: Mapped[list[str]]
    filter: Mapped[dict[str, Any] | None]
    thin: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default=text("'enabled'"))
    disabled_reason: Mapped[str | None]
    secret: Mapped[str]
    old_secrets: Mapped[list[dict[str, Any]]]
    failing_since: Mapped[datetime | None]
    version: Mapped[int]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
