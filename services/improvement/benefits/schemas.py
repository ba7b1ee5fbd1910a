"""What comes in and goes out over REST for costs, benefits and achievement."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.improvement.benefits.rules import Category, Kind, Phase, Side
from services.improvement.tasks.schemas import Day
from shared.events.metrics import Verdict
from shared.fields import Body, Name, Text, Written

Currency = Annotated[str, Written(r"^[A-Z]{3}$", "a currency's code, as CNY or EUR")]


def _to_cents(value: Decimal) -> Decimal:
    """One spelling, before it is stored and after."""
    return value.quantize(Decimal("0.01"))


Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2), AfterValidator(_to_cents)]
Volume = Money


class EntryBody(Body):
    """An amount spent (`cost`) or gained (`benefit`); `evidence` says where an actual one can be read."""

    side: Side
    kind: Kind
    category: Category
    day: Day
    amount: Annotated[Money, Field(gt=0)]
    currency: Currency = "CNY"
    evidence: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _is_proven(self) -> "EntryBody":
        if self.kind == "actual" and self.evidence is None:
            raise ValueError("evidence: say where an actual amount can be read: invoice, time sheet, settlement …")
        return self


class CostPeriodBody(Body):
    """What running the service cost (and brought) before or after the improvement, and the volume that it handled.
    `period_to` is the first day behind the period."""

    phase: Phase
    period_from: Day
    period_to: Day
    volume: Volume
    volume_unit: Name
    cost: Money
    benefit: Money = Decimal("0.00")
    currency: Currency = "CNY"
    evidence: Text

    @model_validator(mode="after")
    def _is_open(self) -> "CostPeriodBody":
        if self.period_to <= self.period_from:
            raise ValueError("period_to must lie after period_from: it is the first day behind the period")
        return self


class RetractionBody(Body):
    reason: Text


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class EntryView(_View):
    """One amount; a retracted one counts no more and stays to be read."""

    id: UUID
    improvement_id: UUID
    side: Side
    kind: Kind
    category: Category
    day: date
    amount: Decimal
    currency: str
    evidence: str | None
    note: str | None
    recorded_by: str
    recorded_at: datetime
    retracted_by: str | None
    retracted_at: datetime | None
    retraction_reason: str | None


class CostPeriodView(_View):
    """One period; a retracted one counts no more and stays to be read."""

    id: UUID
    improvement_id: UUID
    phase: Phase
    period_from: date
    period_to: date
    volume: Decimal
    volume_unit: str
    cost: Decimal
    benefit: Decimal
    currency: str
    evidence: str
    recorded_by: str
    recorded_at: datetime
    retracted_by: str | None
    retracted_at: datetime | None
    retraction_reason: str | None


class ReturnView(_View):
    """F8 of one currency and kind: `roi` = (benefit − cost) / cost; null with the reason where there is no cost."""

    currency: str
    kind: Kind
    cost: Decimal
    benefit: Decimal
    roi: Decimal | None
    reason: str | None


class ColumnView(_View):
    """F9: the periods of one side added up."""

    period_from: date
    period_to: date
    periods: int
    days: int
    volume: Decimal
    cost: Decimal
    benefit: Decimal
    net: Decimal
    cost_per_unit: Decimal | None
    benefit_per_cost: Decimal | None


class ComparisonView(_View):
    """F7, F9 of one currency and unit of volume. `saving` is `cost_before_at_volume` (the cost before, brought to the
    volume after) less the cost after; null with the reason where it cannot be told."""

    currency: str
    volume_unit: str
    before: ColumnView | None
    after: ColumnView | None
    at_volume: Decimal | None
    cost_before_at_volume: Decimal | None
    saving: Decimal | None
    reason: str | None


class CostBenefitView(_View):
    """The account of one improvement (R132). Currencies stand side by side and are never added. The returns count the
    entries; a saving of the comparison counts in them only where it was recorded as an entry."""

    returns: list[ReturnView]
    comparisons: list[ComparisonView]


class SavingView(_View):
    """F7 over the records verified effective: the sum of their savings at the same volume; `improvements` have one."""

    currency: str
    saving: Decimal
    improvements: int


class AchievementView(BaseModel):
    """R26: what improvements achieved from the day `from` up to and without `to`, days of the
    installation's zone.

    `verified` counts signed verdicts, also those of revisions that were tried again; `share_effective` is of these
    `verified_n` (null without any). Savings, and
    returns of the actual amounts, are of the records verified effective. `mean_days_to_close` is over the `closed`
    records, time on hold included. `overdue` were open at `as_of` past their planned end, time on hold taken off; one
    that is on hold is not overdue.
    """

    model_config = ConfigDict(populate_by_name=True)

    from_: date = Field(serialization_alias="from", validation_alias="from")
    to: date
    as_of: datetime
    opened: int
    closed: int
    closed_as: dict[str, int]
    mean_days_to_close: float | None
    verified: dict[Verdict, int]
    verified_n: int
    share_effective: float | None
    savings: list[SavingView]
    returns: list[ReturnView]
    overdue: int
