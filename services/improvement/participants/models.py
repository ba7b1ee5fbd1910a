"""Who takes part in an improvement."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record

ACTIVE = "state IN ('invited', 'joined')"
"""A person takes part in a record once; whoever declined or was removed may be invited again."""


class Participant(Record, table=True):
    """One invitation and what became of it; a removed one stays as a row.

    `customer` is the customer's key for a person of the customer's. `evidence` is the document in which an answer was
    given that somebody else recorded. `agreed_cause` is the root cause word for word as it was agreed on (R173): a
    cause that is changed afterwards is not the one that was agreed.
    """

    __tablename__ = "improvement_participants"
    __table_args__ = (
        Index("uq_participants_active", "improvement_id", "person", unique=True, postgresql_where=text(ACTIVE)),
        Index(None, "improvement_id", "id"),
        Index(None, "customer", "improvement_id"),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    version: int = Field(sa_type=BigInteger)
    person: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    customer: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    invited_by: str = Field(sa_type=Text)
    invited_at: datetime = Field(sa_type=MOMENT)
    note: str | None = Field(default=None, sa_type=Text)
    answered_by: str | None = Field(default=None, sa_type=Text)
    answered_at: datetime | None = Field(default=None, sa_type=MOMENT)
    decline_reason: str | None = Field(default=None, sa_type=Text)
    evidence: str | None = Field(default=None, sa_type=Text)
    contribution: str | None = Field(default=None, sa_type=Text)
    contributed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    agreed_cause: str | None = Field(default=None, sa_type=Text)
    agreed_by: str | None = Field(default=None, sa_type=Text)
    agreed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    agreed_evidence: str | None = Field(default=None, sa_type=Text)
    removed_by: str | None = Field(default=None, sa_type=Text)
    removed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    removal_reason: str | None = Field(default=None, sa_type=Text)
