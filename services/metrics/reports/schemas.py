"""What the REST of reported values takes and answers."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.metrics.measures.schemas import ScopeText, Value, View
from shared.fields import Body, Text

PeriodText = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}$")]


class ReportBody(Body):
    """A period's value, handed in by its owner (R30). `period` is the period's first month, 2026-02.

    A proportion is its `numerator` of `n`, or a `value` over `n`; anything else a `value`. `missing` says how many
    cases could not be counted. A period that is over and was reported takes another value only as a restatement,
    with its `reason`. A `suggestion` is how to improve.
    """

    scope: ScopeText = "all"
    period: PeriodText
    value: Value | None = None
    numerator: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(ge=0, le=2**53)] | None = None
    missing: Annotated[int, Field(ge=0, le=2**53)] = 0
    suggestion: Text | None = None
    note: Text | None = None
    reason: Text | None = None


class ReportView(View):
    """A report as it was handed in."""

    id: UUID
    measure_key: str
    scope: str
    period: date
    number: int
    value: float | None
    numerator: float | None
    n: int
    missing: int
    suggestion: str | None
    note: str | None
    reason: str | None
    reported_by: str
    reported_at: datetime


class DutyView(BaseModel):
    """A value that is due (R31): nobody has handed it in yet."""

    measure_key: str
    scope: str
    period: date
    owner: str
    due_at: datetime
    overdue: bool
