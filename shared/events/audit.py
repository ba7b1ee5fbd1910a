"""What audit tells: nonconformities, decisions of management reviews, risks."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.events.envelope import Fact
from shared.events.metrics import Severity


class NonconformityRaised(Fact):
    """Something does not conform (R6, R101); subject is `nonconformity_id`.

    Found by an internal or external audit, an inspection, or as a duty that was missed; `found_in_id` and `found_in`
    name that, `criterion` the requirement that is not met (`ISO/IEC 20000-1 8.2`). `repeats` is an earlier one of the
    same kind. `measure_key` and `scope` name the measure that shows it, where there is one.
    """

    TYPE: ClassVar[str] = "ratchet.nonconformity.raised.v1"
    nonconformity_id: UUID
    number: str
    title: str
    description: str
    grade: Literal["minor", "major"]
    found_by: Literal["internal_audit", "external_audit", "inspection", "duty"]
    found_in_id: UUID | None = None
    found_in: str | None = None
    criterion: str | None = None
    evidence: str | None = None
    department: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    measure_key: str | None = None
    scope: str | None = None
    repeats: UUID | None = None
    responsible: str | None = None
    due_on: date | None = None
    raised_by: str
    raised_at: datetime
    url: str | None = None


class DecisionRecorded(Fact):
    """A management review decided something (R6, R66, R107); subject is `decision_id`.

    `opens_improvement` is false for what needs none: a conclusion, a thank-you. `input` is the review's input that led
    to it (R105).
    """

    TYPE: ClassVar[str] = "ratchet.decision.recorded.v1"
    decision_id: UUID
    number: str
    review_id: UUID
    review: str
    title: str
    decision: str
    opens_improvement: bool = True
    severity: Severity | None = None
    input: str | None = None
    responsible: str | None = None
    due_on: date | None = None
    department: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    measure_key: str | None = None
    scope: str | None = None
    recorded_by: str
    recorded_at: datetime
    url: str | None = None


class RiskRaised(Fact):
    """A risk reached this level (R150, R151); subject is `risk_id`.

    `risk_index` is probability × impact, × `potential_loss` where that is known (F20), decimal text in `currency`.
    `previous_level` is null when it is new. Where a watched measure crossed its threshold, `observed` is its value.
    """

    TYPE: ClassVar[str] = "ratchet.risk.raised.v1"
    risk_id: UUID
    number: str
    title: str
    description: str
    category: str
    level: Severity
    previous_level: Severity | None = None
    probability: float
    impact: float
    risk_index: float
    assessors: int = 1
    potential_loss: str | None = None
    currency: str | None = None
    treatment: str | None = None
    owner: str | None = None
    review_due_on: date | None = None
    department: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    measure_key: str | None = None
    scope: str | None = None
    threshold: float | None = None
    observed: float | None = None
    raised_by: str
    raised_at: datetime
    url: str | None = None
