"""What the values' REST answers. Proportions are ratios from 0 to 1, durations are hours."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, computed_field

from services.metrics.measures.schemas import MeasureView, View
from services.metrics.observations.flags import Origin, find_flags

By = Literal["period", "quarter", "year"]


class Point(BaseModel):
    """One period's value. `value` is null when there is no data; `n` is what it counts over, `missing` what ought to
    have been counted and could not be. `revision` 2 and more are restatements; `provisional` means that the period has
    not ended."""

    period: str
    period_start: date
    period_end: date
    value: float | None
    numerator: float | None
    n: int
    missing: int
    revision: int
    provisional: bool
    target: float | None
    baseline: float | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def flags(self) -> tuple[str, ...]:
        return find_flags(self.n, self.missing, provisional=self.provisional, revision=self.revision)


class Overall(BaseModel):
    """The formula over the whole range at once (not a mean of periods)."""

    value: float | None
    numerator: float | None
    n: int


class Outages(BaseModel):
    """What an availability hides (R179): hours of the longest interruption, how many there were, and hours lost
    on the worst day."""

    period: str
    count: int
    longest_hours: float
    lost_hours: float
    worst_day: date | None
    worst_day_hours: float


class Series(BaseModel):
    """A measure's periods. `materialised`: whether the values are kept observations, or computed for this answer."""

    measure: MeasureView
    scope: str
    points: list[Point]
    overall: Overall | None
    outages: list[Outages] | None
    materialised: bool


class ObservationView(View):
    """One revision of a period's value."""

    id: UUID
    measure_key: str
    scope: str
    period: date
    revision: int
    definition_version: int
    value: float | None
    n: int
    numerator: float | None
    missing: int
    origin: Origin
    provisional: bool
    recorded_at: datetime


class ScopeView(View):
    """A scope that holds data, with its newest closed period."""

    scope: str
    period: date
    value: float | None
    n: int


class StandingView(BaseModel):
    """Where a measure stands. `verdict` is null where nothing is expected, or there are no data or too few."""

    key: str
    name: str
    unit: str
    direction: str
    period: date | None
    value: float | None
    n: int
    target: float | None
    baseline: float | None
    verdict: Literal["met", "missed"] | None


class AnnualView(BaseModel):
    """R78: the year so far, and where it will end if the rest is like the periods so far: `forecast` over the whole
    year, `needed` is what the rest must reach for the target to be met (null where that is not defined)."""

    measure: MeasureView
    scope: str
    year: int
    periods: int
    value: float | None
    numerator: float | None
    n: int
    target: float | None
    forecast: float | None
    needed: float | None
    on_course: bool | None
