"""What an improvement is linked to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Link(Record, table=True):
    """From a record to something else, by its kind and the reference by which that is known there. A removed one stays
    as a row."""

    __tablename__ = "improvement_links"
    __table_args__ = (
        Index(
            "uq_improvement_links_standing",
            "improvement_id",
            "kind",
            "reference",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index(None, "improvement_id", "id"),
        Index(None, "kind", "reference", "id"),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    kind: str = Field(sa_type=Text)
    reference: str = Field(sa_type=Text)
    title: str | None = Field(default=None, sa_type=Text)
    url: str | None = Field(default=None, sa_type=Text)
    linked_by: str = Field(sa_type=Text)
    linked_at: datetime = Field(sa_type=MOMENT)
    removed_by: str | None = Field(default=None, sa_type=Text)
    removed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    removal_reason: str | None = Field(default=None, sa_type=Text)
