"""How change requests reach a ticketing system."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Connection(Record, table=True):
    """`sealed` holds secret and headers, encrypted; `options` what is no secret (`schemas.ConnectionBody`)."""

    __tablename__ = "change_connections"
    __table_args__ = (
        Index("uq_change_connections_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    key: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    system: str = Field(sa_type=Text)
    is_default: bool
    options: dict[str, Any] = Field(sa_type=JSONB)
    sealed: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=MOMENT)
    updated_by: str = Field(sa_type=Text)
