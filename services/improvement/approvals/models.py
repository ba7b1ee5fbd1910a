"""The approval policy and the chain of steps that it makes of each revision."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class ApprovalPolicy(Record, table=True):
    """Who must approve what (R18, R34, R43): at most one row. `rules` holds `approvals.rules.PolicyRule`s, in order."""

    __tablename__ = "approval_policies"

    id: int = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)
    rules: list[dict[str, Any]] = Field(sa_type=JSONB)
    updated_at: datetime = Field(sa_type=MOMENT)
    updated_by: str = Field(sa_type=Text)


class ApprovalStep(Record, table=True):
    """One step of the chain of one revision; exactly one is open while the record is submitted.

    `state` is waiting, open, approved, rejected, expired or superseded. What was decided stays: a trigger refuses to
    change who decided, as what, when and why. `delegate` may decide in the place of who holds the role.
    """

    __tablename__ = "approval_steps"
    __table_args__ = (
        UniqueConstraint("improvement_id", "revision", "step"),
        Index("uq_approval_steps_open", "improvement_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    revision: int
    step: int
    role: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    opened_at: datetime | None = Field(default=None, sa_type=MOMENT)
    decided_by: str | None = Field(default=None, sa_type=Text)
    decided_role: str | None = Field(default=None, sa_type=Text)
    decided_at: datetime | None = Field(default=None, sa_type=MOMENT)
    reason: str | None = Field(default=None, sa_type=Text)
    delegate: str | None = Field(default=None, sa_type=Text)
    delegated_by: str | None = Field(default=None, sa_type=Text)
    delegated_at: datetime | None = Field(default=None, sa_type=MOMENT)
    delegation_reason: str | None = Field(default=None, sa_type=Text)
