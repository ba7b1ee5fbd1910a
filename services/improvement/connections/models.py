"""How change requests reach a ticketing system."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Connection(Record, table=True):
    """`sealed` holds the secrets, encrypted (`service.Secrets`); `options` are the system's own and no secret."""

    __tablename__ = "change_connections"
    __table_args__ = (
        Index("uq_change_connections_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    key: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    system: str = Field(sa_type=Text)
    is_default: bool
    base_url: str | None = Field(default=None, sa_type=Text)
    authentication: str | None = Field(default=None, sa_type=Text)
    webhook_authentication: str = Field(default="none", sa_type=Text, sa_column_kwargs={"server_default": "none"})
    time_zone: str = Field(default="UTC", sa_type=Text, sa_column_kwargs={"server_default": "UTC"})
    states: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": text("'{}'")}
    )
    options: dict[str, Any] = Field(sa_type=JSONB)
    sealed: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=MOMENT)
    updated_by: str = Field(sa_type=Text)
