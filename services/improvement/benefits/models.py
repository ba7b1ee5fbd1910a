"""What an improvement costs and brings."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, Numeric, Text
from sqlmodel import Field

from services.improvement.database import MOMENT, Record


class BenefitEntry(Record, table=True):
    """One amount, spent or gained, planned or actual. Never changed: a wrong one is retracted with a reason."""

    __tablename__ = "improvement_benefits"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    side: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    day: date
    amount: Decimal = Field(sa_type=Numeric(14, 2))
    currency: str = Field(sa_type=Text)
    evidence: str | None = Field(default=None, sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=MOMENT)
    retracted_by: str | None = Field(default=None, sa_type=Text)
    retracted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    retraction_reason: str | None = Field(default=None, sa_type=Text)


class CostPeriod(Record, table=True):
    """What running the service cost and brought in a period before or after the improvement, and the volume (of
    `volume_unit`) that it handled. From `period_from` up to and without `period_to`. Retracted like an entry."""

    __tablename__ = "improvement_cost_periods"
    __table_args__ = (Index(None, "improvement_id", "id"),)

    id: UUID = Field(primary_key=True)
    improvement_id: UUID = Field(foreign_key="improvements.id")
    phase: str = Field(sa_type=Text)
    period_from: date
    period_to: date
    volume: Decimal = Field(sa_type=Numeric(14, 2))
    volume_unit: str = Field(sa_type=Text)
    cost: Decimal = Field(sa_type=Numeric(14, 2))
    benefit: Decimal = Field(sa_type=Numeric(14, 2))
    currency: str = Field(sa_type=Text)
    evidence: str = Field(sa_type=Text)
    recorded_by: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=MOMENT)
    retracted_by: str | None = Field(default=None, sa_type=Text)
    retracted_at: datetime | None = Field(default=None, sa_type=MOMENT)
    retraction_reason: str | None = Field(default=None, sa_type=Text)
