"""What the evaluations' REST answers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.metrics.attainments.rules import Verdict
from shared.events.metrics import Direction


class EvaluationView(BaseModel):
    """R113, R168, R179: what a clause promised and what was delivered, raw and adjusted side by side; `excluded` says
    how much was left out (minutes, tickets, reports or intervals). `provisional`: the period runs. `details` hold what
    a percentage hides, as it was: outages, the longest, the worst day, the loss of working minutes; and the intervals
    that a frequency clause missed."""

    model_config = ConfigDict(from_attributes=True)

    clause_id: UUID
    key: str
    title: str
    measure_key: str | None
    period: date
    period_end: date
    revision: int
    provisional: bool
    unit: str
    direction: Direction
    target: float
    raw: float | None
    raw_n: int
    excluded: float
    adjusted: float | None
    numerator: float | None
    n: int
    verdict: Verdict
    details: dict[str, Any]
    evaluated_at: datetime


class PeriodView(BaseModel):
    """A period of an agreement: each clause's newest value."""

    agreement_id: UUID
    period: date
    kept: int
    missed: int
    clauses: list[EvaluationView]


class PeriodDetail(PeriodView):
    """The same with every value that was ever settled, oldest first."""

    revisions: list[EvaluationView]
