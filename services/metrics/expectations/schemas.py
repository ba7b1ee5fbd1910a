"""What the REST of targets and baselines takes and answers. Proportions are ratios from 0 to 1, durations are hours."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.metrics.measures.schemas import Day, ScopeText, Value, View
from shared.fields import Body, Text


class TargetBody(Body):
    """What is expected from `effective_from` on. Periods with fewer than `minimum_n` cases are not judged."""

    scope: ScopeText = "all"
    value: Value
    effective_from: Day
    minimum_n: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    reason: Text


class TargetView(View):
    """A target as set; `loosened` when it asked less than the one before it while a gap was open."""

    id: UUID
    measure_key: str
    scope: str
    value: float
    minimum_n: int
    effective_from: date
    origin: str
    reason: str
    loosened: bool
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


class BaselineView(View):
    """A baseline as set, over `n` cases."""

    id: UUID
    measure_key: str
    scope: str
    value: float
    n: int
    effective_from: date
    window_from: date | None
    window_to: date | None
    origin: str
    reason: str
    improvement_id: UUID | None
    set_by: str
    set_at: datetime
