"""The improvement record, its approvals, and the history that is only ever appended to."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Double, Identity, Index, Numeric, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record

OPEN = "state NOT IN ('rejected', 'withdrawn', 'closed')"
"""One record of a measure and scope may be in such a state."""


_GRAMS = "improvement.grams(improvement.search_words(number, title))"
"""All runs of one to three letters of number and title, by functions that the migration makes: Chinese words often have
two, and one may be asked for as well."""

_MAY_EXPIRE = "approval_expires_at IS NOT NULL AND state IN ('submitted', 'approved')"


class Improvement(Record, table=True):
    """One improvement, from the gap or the person's idea to the signed effect.

    `version` counts the writes (the ETag), `sequence` the events told of it. `held_from` is the state that a record on
    hold goes back to, `held_at` when it was put there, `held_seconds` all its time on hold before that: deadlines are
    shifted by both. `planned_end_held` is what `held_seconds` was when `planned_end` was set. `next_due_at` is when the
    first thing that is still to be done is due, while time runs (`tasks.rules.LIVE`). `edited_at` is null while no
    person has touched it. `assessment` is the newest evidence (`shared.events.metrics.EffectAssessed`), `signature`
    what a person made of it. `cycle` counts the turns of the loop on one matter, `parent_id` is the turn before (R27).
    Postgres gives the `number`.
    An absent document is SQL's null (`none_as_null`): SQLModel writes every default, and JSONB would write JSON's null.
    """

    __tablename__ = "improvements"
    __table_args__ = (
        Index("uq_improvements_open", "measure_key", "scope", unique=True, postgresql_where=text(OPEN)),
        Index(None, "state", "id"),
        Index(None, "measure_key", "scope", "id"),
        Index(None, "origin", "id"),
        Index(None, "owner", "id"),
        Index(None, "department", "id"),
        Index(None, "service", "id"),
        Index(None, "customer", "id"),
        Index(None, "project", "id"),
        Index(None, "opened_at"),
        Index(None, "updated_at"),
        Index(None, "priority", "id"),
        Index(None, "next_due_at", "id"),
        Index(None, "state", "next_due_at"),
        Index("ix_improvements_words", text(_GRAMS), postgresql_using="gin"),
        Index("ix_improvements_expiring", "approval_expires_at", postgresql_where=text(_MAY_EXPIRE)),
    )

    id: UUID = Field(primary_key=True)
    number: int = Field(default=None, unique=True, sa_type=BigInteger, sa_column_args=[Identity()])
    version: int = Field(sa_type=BigInteger)
    sequence: int = Field(sa_type=BigInteger)
    revision: int
    state: str = Field(sa_type=Text)
    held_from: str | None = Field(default=None, sa_type=Text)
    hold_reason: str | None = Field(default=None, sa_type=Text)
    held_at: datetime | None = Field(default=None, sa_type=MOMENT)
    held_seconds: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    origin: str = Field(sa_type=Text)
    gap_id: UUID | None = None
    parent_id: UUID | None = Field(default=None, foreign_key="improvements.id", index=True)
    cycle: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    correlation_id: str = Field(sa_type=Text)
    requester: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    problem: str = Field(sa_type=Text)
    department: str | None = Field(default=None, sa_type=Text)
    service: str | None = Field(default=None, sa_type=Text)
    customer: str | None = Field(default=None, sa_type=Text)
    project: str | None = Field(default=None, sa_type=Text)
    severity: str | None = Field(default=None, sa_type=Text)
    impact: str | None = Field(default=None, sa_type=Text)
    effort: str | None = Field(default=None, sa_type=Text)
    priority: int | None = Field(default=None, sa_type=SmallInteger)
    measure_key: str | None = Field(default=None, sa_type=Text)
    scope: str | None = Field(default=None, sa_type=Text)
    target: float | None = Field(default=None, sa_type=Double)
    root_cause: str | None = Field(default=None, sa_type=Text)
    measure_type: str | None = Field(default=None, sa_type=Text)
    action_kind: str | None = Field(default=None, sa_type=Text)
    plan: str | None = Field(default=None, sa_type=Text)
    owner: str | None = Field(default=None, sa_type=Text)
    resources: str | None = Field(default=None, sa_type=Text)
    budget: Decimal | None = Field(default=None, sa_type=Numeric(14, 2))
    expected_benefit: str | None = Field(default=None, sa_type=Text)
    impact_assessment: str | None = Field(default=None, sa_type=Text)
    planned_start: date | None = None
    planned_end: date | None = None
    planned_end_held: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    next_due_at: datetime | None = Field(default=None, sa_type=MOMENT)
    verification_plan: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    plan_hash: str | None = Field(default=None, sa_type=Text)
    submitted_by: str | None = Field(default=None, sa_type=Text)
    submitted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    approved_at: datetime | None = Field(default=None, sa_type=MOMENT)
    approval_expires_at: datetime | None = Field(default=None, sa_type=MOMENT)
    implemented_at: datetime | None = Field(default=None, sa_type=MOMENT)
    effect_request_id: UUID | None = None
    effect_requested_at: datetime | None = Field(default=None, sa_type=MOMENT)
    assessment: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    signature: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    baseline_value: float | None = Field(default=None, sa_type=Double)
    baseline_set_at: datetime | None = Field(default=None, sa_type=MOMENT)
    opened_at: datetime = Field(sa_type=MOMENT)
    edited_at: datetime | None = Field(default=None, sa_type=MOMENT)
    updated_at: datetime = Field(sa_type=MOMENT)
    closed_at: datetime | None = Field(default=None, sa_type=MOMENT)
    closure_code: str | None = Field(default=None, sa_type=Text)


class Approval(Record, table=True):
    """One decision in the approval chain of one revision (R18)."""

    __tablename__ = "improvement_approvals"
    __table_args__ = (UniqueConstraint("improvement_id", "revision", "step"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    revision: int
    step: int
    decision: str = Field(sa_type=Text)
    actor: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    at: datetime = Field(sa_type=MOMENT)


class HistoryLine(Record, table=True):
    """One thing that happened to a record. A trigger refuses every change to what is written."""

    __tablename__ = "improvement_history"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_args=[Identity()])
    improvement_id: UUID = Field(foreign_key="improvements.id")
    at: datetime = Field(sa_type=MOMENT)
    actor: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    from_state: str | None = Field(default=None, sa_type=Text)
    to_state: str = Field(sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)
