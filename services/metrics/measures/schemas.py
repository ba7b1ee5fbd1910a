"""What the measures' REST takes and answers. Proportions are ratios from 0 to 1, durations are hours."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.metrics.measures.rules import DataKind
from shared.events.metrics import Direction
from shared.fields import Body, Key, Name, Text

Value = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]
ScopeText = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
Aspect = Literal["quality", "effect", "cost", "efficiency"]
ObjectKind = Literal["service", "process", "tool", "ci"]
Choice = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MeasureBody(Body):
    """A measure to define (R23, R28). `formula` is one of `GET /v1/formulas`, `parameters` are its choices."""

    name: Name
    description: Text
    aspect: Aspect = "quality"
    object_kind: ObjectKind = "process"
    process: Name = "incident management"
    direction: Direction
    formula: Key
    parameters: Annotated[dict[Choice, Choice], Field(default_factory=dict, max_length=20)]
    owner: Name


class MeasureView(_View):
    """A measure as defined; `definition_version` rises when its definition changes."""

    key: str
    definition_version: int
    name: str
    description: str
    aspect: Aspect
    object_kind: ObjectKind
    process: str
    unit: str
    direction: Direction
    data_kind: DataKind
    formula: str
    parameters: dict[str, str]
    owner: str
    defined_at: datetime


class FormulaView(_View):
    """A formula that measures can use; the first choice of each parameter is its default."""

    key: str
    title: str
    data_kind: DataKind
    unit: str
    parameters: dict[str, list[str]]


class TargetBody(Body):
    """What is expected from `effective_from` on. Months with fewer than `minimum_n` cases are not judged."""

    scope: ScopeText = "all"
    value: Value
    effective_from: Day
    minimum_n: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    reason: Text


class TargetView(_View):
    id: UUID
    measure_key: str
    scope: str
    value: float
    minimum_n: int
    effective_from: date
    origin: str
    reason: str
    set_by: str
    set_at: datetime


class BaselineBody(Body):
    """The level to hold from `effective_from` on: a `value`, or the one computed over the months `window_from` to
    `window_to` (both included)."""

    scope: ScopeText = "all"
    value: Value | None = None
    window_from: Day | None = None
    window_to: Day | None = None
    effective_from: Day
    reason: Text


class BaselineView(_View):
    id: UUID
    measure_key: str
    scope: str
    value: float
    n: int
    effective_from: date
    origin: str
    reason: str
    improvement_id: UUID | None
    set_by: str
    set_at: datetime


class Point(BaseModel):
    """One month's value. `value` is null when there is no data. `revision` 2 and more are restatements;
    `provisional` means that the month has not ended."""

    period: str
    period_start: date
    period_end: date
    value: float | None
    numerator: float | None
    n: int
    revision: int
    provisional: bool
    target: float | None
    baseline: float | None


class Overall(BaseModel):
    """The formula over the whole range at once (not a mean of months)."""

    value: float | None
    numerator: float | None
    n: int


class Series(BaseModel):
    """A measure's months. `materialised`: whether the values are kept observations, or computed for this answer."""

    measure: MeasureView
    scope: str
    points: list[Point]
    overall: Overall
    materialised: bool


class ObservationView(_View):
    """One revision of a month's value."""

    id: UUID
    measure_key: str
    scope: str
    period: date
    revision: int
    definition_version: int
    value: float | None
    n: int
    numerator: float | None
    provisional: bool
    recorded_at: datetime
