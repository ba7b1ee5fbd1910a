"""What is said about an improvement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Entry(Record, table=True):
    """A comment, a report of progress or a decision. Never deleted: a retracted one keeps its text.

    `body` is what was said, done or decided; `percent` and `next_step` are of progress, `decided_by` of a decision.
    `customer` is the author's customer, where the author is one.
    """

    __tablename__ = "improvement_discussion"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    version: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)
    percent: int | None = Field(default=None, sa_type=SmallInteger)
    next_step: str | None = Field(default=None, sa_type=Text)
    decided_by: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    visible_to_customer: bool
    author: str = Field(sa_type=Text)
    author_name: str = Field(sa_type=Text)
    customer: str | None = Field(default=None, sa_type=Text)
    written_at: datetime = Field(sa_type=MOMENT)
    edited_at: datetime | None = Field(default=None, sa_type=MOMENT)
    retracted_by: str | None = Field(default=None, sa_type=Text)
    retracted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    retraction_reason: str | None = Field(default=None, sa_type=Text)
