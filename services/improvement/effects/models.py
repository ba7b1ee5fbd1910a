"""Every assessment that metrics told, every signature under one, every independent check: none is ever changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class Assessment(Record, table=True):
    """One answer of metrics. `document` is the whole of it (`shared.events.metrics.EffectAssessed`); `revision` is the
    record's when it was heard, `counts` whether it became the record's evidence then."""

    __tablename__ = "effect_assessments"
    __table_args__ = (UniqueConstraint("request_id", "assessed_at"), Index(None, "improvement_id", "id"))

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    request_id: UUID
    revision: int
    purpose: str = Field(sa_type=Text)
    plan_hash: str = Field(sa_type=Text)
    verdict: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    before_value: float | None = Field(default=None, sa_type=Double)
    after_value: float | None = Field(default=None, sa_type=Double)
    document: dict[str, Any] = Field(sa_type=JSONB)
    counts: bool
    assessed_at: datetime = Field(sa_type=MOMENT)
    heard_at: datetime = Field(sa_type=MOMENT)


class EffectSignature(Record, table=True):
    """What a person signed (R24, R38), beside what the evidence said; `request_id` is the evidence's."""

    __tablename__ = "effect_signatures"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    revision: int
    request_id: UUID
    verdict: str = Field(sa_type=Text)
    computed_verdict: str = Field(sa_type=Text)
    signed_by: str = Field(sa_type=Text)
    signed_at: datetime = Field(sa_type=MOMENT)
    reason: str | None = Field(default=None, sa_type=Text)


class Inspection(Record, table=True):
    """One look at an improvement by somebody who has no part in it (R48). `state` is the record's at that moment."""

    __tablename__ = "inspections"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    revision: int
    state: str = Field(sa_type=Text)
    inspected_by: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    inspected_at: datetime = Field(sa_type=MOMENT)
    conforms: bool
    finding: str = Field(sa_type=Text)
    evidence: str | None = Field(default=None, sa_type=Text)
