"""What the clauses' REST takes and answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.metrics.clauses.rules import TimerState
from services.metrics.clauses.terms import Terms
from shared.fields import Body, Moment, Text

Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2199, 12, 31))]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Link = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
RecordKind = Literal["occurrence", "fulfilment", "count"]
Standing = Literal["on_track", "at_risk", "breached"]


class OccurrenceBody(Body):
    """R166: when it happened; the digest names the evidence, a backup's log for one."""

    occurred_at: Moment
    note: Text | None = None
    evidence_sha256: Sha256 | None = None


class FulfilmentBody(Body):
    """R167: since when it is fulfilled, and what shows it."""

    fulfilled_on: Day
    evidence: Text
    evidence_sha256: Sha256 | None = None
    evidence_link: Link | None = None


class CountBody(Body):
    """R165: so many at that moment. A period's value is the worst of its moments; of two reports of one moment the
    later one counts, and the earlier stays to be read."""

    counted_at: Moment
    value: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    note: Text | None = None
    evidence_sha256: Sha256 | None = None


class RecordView(BaseModel):
    """What was handed in, as it was; it is never changed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    clause_id: UUID
    kind: RecordKind
    at: datetime
    value: float | None
    note: str | None
    evidence_sha256: str | None
    evidence_link: str | None
    recorded_by: str
    recorded_at: datetime


class AtRiskView(BaseModel):
    """R58: a ticket's clock that is at risk or breached. `due_at` is null while it is paused before its deadline."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    ticket_id: UUID
    source: str
    external_id: str
    title: str | None
    priority: str | None
    customer: str | None
    service: str | None
    group: str | None
    resolver: str | None
    agreement_id: UUID
    agreement_number: str
    clause_id: UUID
    clause_key: str
    clause_title: str
    state: TimerState
    paused: bool
    started_at: datetime
    due_at: datetime | None
    at_risk_at: datetime | None


class OpenTickets(BaseModel):
    """How many clocks run."""

    on_track: int
    at_risk: int
    breached: int


class LiveClause(BaseModel):
    """R112: where a clause stands in the period that runs. `used` of `allowed` is in minutes, or a number for a count;
    `value` is the period's so far, without what is excluded. `tickets` where every ticket has a clock."""

    clause_id: UUID
    key: str
    title: str
    terms: Terms
    state: Standing
    unit: str
    target: float
    value: float | None
    n: int
    used: float | None
    allowed: float | None
    due_at: datetime | None
    tickets: OpenTickets | None


class LiveAgreement(BaseModel):
    """The agreement's clauses as they stand; `state` is the worst of them."""

    agreement_id: UUID
    number: str
    customer: str
    period: date
    period_end: date
    state: Standing
    clauses: list[LiveClause]
