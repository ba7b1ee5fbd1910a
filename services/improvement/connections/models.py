"""How change requests reach a ticketing system."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.improvement.database import Record


class Connection(Record):
    """`sealed` holds secret and headers, encrypted; `options` what is no secret (`schemas.ConnectionBody`)."""

    __tablename__ = "change_connections"
    __table_args__ = (
        Index("uq_change_connections_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    system: Mapped[str]
    is_default: Mapped[bool]
    options: Mapped[dict[str, Any]]
    sealed: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]
