"""What improvements taught, and where that was used again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Lesson(Record, table=True):
    """A lesson of one improvement (R176). `verdict` is what was signed under it when the lesson was recorded. Postgres
    gives the `number`."""

    __tablename__ = "lessons"
    __table_args__ = (
        Index(None, "improvement_id", "id"),
        Index(None, "service", "id"),
        Index("ix_lessons_tags", "tags", postgresql_using="gin"),
    )

    id: UUID = Field(primary_key=True)
    number: int = Field(default=None, unique=True, sa_type=BigInteger, sa_column_args=[Identity()])
    version: int = Field(sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    verdict: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    worked: str | None = Field(default=None, sa_type=Text)
    did_not_work: str | None = Field(default=None, sa_type=Text)
    context: str = Field(sa_type=Text)
    reuse: str = Field(sa_type=Text)
    tags: list[str] = Field(sa_type=ARRAY(Text))
    service: str | None = Field(default=None, sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=MOMENT)
    updated_at: datetime = Field(sa_type=MOMENT)
    reusable: bool
    marked_by: str | None = Field(default=None, sa_type=Text)
    marked_at: datetime | None = Field(default=None, sa_type=MOMENT)
    mark_note: str | None = Field(default=None, sa_type=Text)


class LessonUse(Record, table=True):
    """A lesson was used again by an improvement."""

    __tablename__ = "lesson_uses"
    __table_args__ = (PrimaryKeyConstraint("lesson_id", "improvement_id"), Index(None, "improvement_id"))

    lesson_id: UUID = Field(foreign_key="lessons.id")
    improvement_id: UUID = Field(foreign_key="improvements.id")
    note: str | None = Field(default=None, sa_type=Text)
    used_by: str = Field(sa_type=Text)
    used_at: datetime = Field(sa_type=MOMENT)
