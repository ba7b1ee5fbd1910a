"""The improvement record, its approvals, and the history that is only ever appended to."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.improvement.database import Record

OPEN = "state NOT IN ('rejected', 'withdrawn', 'closed')"
"""One record of a measure and scope may be in such a state."""


class Improvement(Record):
    """One improvement, from the gap or the person's idea to the signed effect.

    `version` counts the writes (the ETag), `sequence` the events told of it. `held_from` is the state that a record on
    hold goes back to. `edited_at` is null while no person has touched it. `assessment` is the newest evidence
    (`shared.events.metrics.EffectAssessed`), `signature` what a person made of it.
    """

    __tablename__ = "improvements"
    __table_args__ = (
        Index("uq_improvements_open", "measure_key", "scope", unique=True, postgresql_where=text(OPEN)),
        Index(None, "state", "id"),
        Index(None, "measure_key", "scope", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    version: Mapped[int] = mapped_column(BigInteger)
    sequence: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int]
    state: Mapped[str]
    held_from: Mapped[str | None]
    hold_reason: Mapped[str | None]
    origin: Mapped[str]
    gap_id: Mapped[UUID | None]
    correlation_id: Mapped[str]
    requester: Mapped[str]
    title: Mapped[str]
    problem: Mapped[str]
    measure_key: Mapped[str | None]
    scope: Mapped[str | None]
    target: Mapped[float | None]
    root_cause: Mapped[str | None]
    measure_type: Mapped[str | None]
    action_kind: Mapped[str | None]
    plan: Mapped[str | None]
    tasks: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    owner: Mapped[str | None]
    resources: Mapped[str | None]
    budget: Mapped[Decimal | None]
    expected_benefit: Mapped[str | None]
    impact_assessment: Mapped[str | None]
    planned_start: Mapped[date | None]
    planned_end: Mapped[date | None]
    verification_plan: Mapped[dict[str, Any] | None]
    plan_hash: Mapped[str | None]
    submitted_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    implemented_at: Mapped[datetime | None]
    effect_request_id: Mapped[UUID | None]
    effect_requested_at: Mapped[datetime | None]
    assessment: Mapped[dict[str, Any] | None]
    signature: Mapped[dict[str, Any] | None]
    baseline_value: Mapped[float | None]
    baseline_set_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Approval(Record):
    """One decision in the approval chain of one revision (R18)."""

    __tablename__ = "improvement_approvals"
    __table_args__ = (UniqueConstraint("improvement_id", "revision", "step"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    improvement_id: Mapped[UUID] = mapped_column(ForeignKey("improvements.id"))
    revision: Mapped[int]
    step: Mapped[int]
    decision: Mapped[str]
    actor: Mapped[str]
    role: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class HistoryLine(Record):
    """One thing that happened to a record. A trigger refuses every change to what is written."""

    __tablename__ = "improvement_history"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    improvement_id: Mapped[UUID] = mapped_column(ForeignKey("improvements.id"))
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    note: Mapped[str | None]
