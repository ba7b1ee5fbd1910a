"""Meetings: who was there, what was on the agenda, what was said, and what became of what was agreed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Meeting(Record, table=True):
    """One meeting. Those of one `kind` and `department` are a series: what is not done goes to the next of them.

    `version` counts the writes (the ETag), of its attendees, minutes and items too. Postgres gives the `number`.
    """

    __tablename__ = "meetings"
    __table_args__ = (
        Index(None, "planned_at", "id"),
        Index("ix_meetings_series", "kind", text("coalesce(department, '')"), "planned_at"),
    )

    id: UUID = Field(primary_key=True)
    number: int = Field(default=None, unique=True, sa_type=BigInteger, sa_column_args=[Identity()])
    version: int = Field(sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    department: str | None = Field(default=None, sa_type=Text)
    title: str = Field(sa_type=Text)
    planned_at: datetime = Field(sa_type=MOMENT)
    place: str | None = Field(default=None, sa_type=Text)
    chair: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    held_at: datetime | None = Field(default=None, sa_type=MOMENT)
    cancel_reason: str | None = Field(default=None, sa_type=Text)
    signed_by: str | None = Field(default=None, sa_type=Text)
    signed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=MOMENT)
    updated_at: datetime = Field(sa_type=MOMENT)


class Attendee(Record, table=True):
    """Somebody who is expected, and whether they came."""

    __tablename__ = "meeting_attendees"
    __table_args__ = (PrimaryKeyConstraint("meeting_id", "person"),)

    meeting_id: UUID = Field(foreign_key="meetings.id")
    person: str = Field(sa_type=Text)
    presence: str = Field(sa_type=Text)
    delegate: str | None = Field(default=None, sa_type=Text)


class Minutes(Record, table=True):
    """One version of the minutes, or an addendum to those that the chair signed. A trigger refuses every change."""

    __tablename__ = "meeting_minutes"
    __table_args__ = (UniqueConstraint("meeting_id", "version"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    version: int
    addendum: bool
    body: str = Field(sa_type=Text)
    written_by: str = Field(sa_type=Text)
    written_at: datetime = Field(sa_type=MOMENT)


class Item(Record, table=True):
    """A point of the agenda, an item of the period's plan, or an action, in the meeting where it first came up.

    `state` is how it stands now, `carries` how many later meetings it was carried to.
    """

    __tablename__ = "meeting_items"
    __table_args__ = (
        UniqueConstraint("meeting_id", "number"),
        Index(
            "ix_meeting_items_undone",
            "meeting_id",
            postgresql_where=text("kind <> 'agenda' AND state IN ('open', 'not_done')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    number: int
    version: int = Field(sa_type=BigInteger)
    kind: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)
    owner: str | None = Field(default=None, sa_type=Text)
    due: date | None = None
    state: str = Field(sa_type=Text)
    carries: int
    improvement_id: UUID | None = Field(default=None, foreign_key="improvements.id")
    created_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=MOMENT)


class Outcome(Record, table=True):
    """What was said of an item, in a meeting or (without one) between two. Only ever added to."""

    __tablename__ = "meeting_item_outcomes"
    __table_args__ = (Index(None, "item_id", "id"), Index(None, "meeting_id"))

    id: UUID = Field(primary_key=True)
    item_id: UUID = Field(foreign_key="meeting_items.id")
    meeting_id: UUID | None = Field(default=None, foreign_key="meetings.id")
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    told_by: str = Field(sa_type=Text)
    told_at: datetime = Field(sa_type=MOMENT)


class Carry(Record, table=True):
    """An item that a meeting had from an earlier one; `count` says for the how-manyeth time it was carried."""

    __tablename__ = "meeting_carries"
    __table_args__ = (PrimaryKeyConstraint("meeting_id", "item_id"),)

    meeting_id: UUID = Field(foreign_key="meetings.id")
    item_id: UUID = Field(foreign_key="meeting_items.id")
    count: int
