"""What metrics tells of clauses in operation: at risk, breached, evaluated, excluded, settled."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact
from shared.events.metrics import Direction

AttainmentVerdict = Literal["kept", "missed", "no_data"]
Party = Literal["provider", "customer"]


class ClauseFact(Fact):
    """A clause in danger. Where every ticket has a clock, it is about that ticket, and subject is `timer_id`; else it
    is about the whole period, and subject is `clause_id`.

    `promises` is response, resolution, availability, downtime, count, frequency or clause. `used` of `allowed` are
    minutes: of the clock, of interruption, or since it last happened; of a count the number. `due_at` is when the
    promise is broken, or was; None where no moment is known.
    """

    agreement_id: UUID
    agreement_number: str
    customer: str
    clause_id: UUID
    clause_key: str
    clause_title: str
    measure_key: str | None = None
    owner: str
    promises: str
    timer_id: UUID | None = None
    ticket_id: UUID | None = None
    source: str | None = None
    external_id: str | None = None
    ticket_title: str | None = None
    priority: str | None = None
    service: str | None = None
    group: str | None = None
    period: date | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    used: float | None = None
    allowed: float | None = None


class ClauseAtRisk(ClauseFact):
    """Most of what the clause allows is used up (R76, R112)."""

    TYPE: ClassVar[str] = "ratchet.clause.at_risk.v1"


class ClauseBreached(ClauseFact):
    """The promise is broken (R77, R112); told once until it holds again."""

    TYPE: ClassVar[str] = "ratchet.clause.breached.v1"


class ClauseResult(BaseModel):
    """What a clause promised and what was delivered: `raw` as it was, `adjusted` without what both parties agreed to
    exclude; in `unit`. `n` is what the adjusted value counts over. The rest is told of availability and downtime: what
    a percentage hides (R179), in minutes; `missed_intervals` of a frequency, from and to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clause_id: UUID
    key: str
    title: str
    measure_key: str | None = None
    unit: str
    direction: Direction
    target: float
    raw: float | None
    excluded: float
    adjusted: float | None
    n: int
    verdict: AttainmentVerdict
    outages: int | None = None
    longest_outage_minutes: float | None = None
    worst_day: date | None = None
    worst_day_minutes: float | None = None
    working_minutes_lost: float | None = None
    missed_intervals: tuple[tuple[datetime, datetime], ...] = ()


class AgreementEvaluated(Fact):
    """A period of an agreement is over and evaluated, or was restated (`revision` > 1) (R74, R113); subject is
    `agreement_id:period`."""

    TYPE: ClassVar[str] = "ratchet.agreement.evaluated.v1"
    agreement_id: UUID
    agreement_number: str
    customer: str
    owner: str
    period: date
    period_end: date
    revision: int
    clauses: tuple[ClauseResult, ...]
    kept: int
    missed: int
    evaluated_at: datetime


class ExclusionAgreed(Fact):
    """Both parties agreed that this time does not count (R168); subject is `exclusion_id`. Without `clause_id` it is
    excluded for every clause, without `tickets` for every ticket."""

    TYPE: ClassVar[str] = "ratchet.exclusion.agreed.v1"
    exclusion_id: UUID
    agreement_id: UUID
    agreement_number: str
    customer: str
    clause_id: UUID | None = None
    clause_key: str | None = None
    begins_at: datetime
    ends_at: datetime
    tickets: tuple[UUID, ...] = ()
    exemption: str
    reason: str
    proposed_by: str
    proposed_side: Party
    decided_by: str
    decided_side: Party


class PenaltyLine(BaseModel):
    """What one clause costs in the period, with its own cap applied."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clause_id: UUID
    key: str
    title: str
    value: float | None
    verdict: AttainmentVerdict
    penalty: Decimal


class SettlementIssued(Fact):
    """A period's account was issued, or a correction of it (`revision` > 1) (R159, R169); subject is
    `agreement_id:period`. Money is decimal text in `currency`; `total_due` = fee − penalties − claims, negative where
    the provider owes."""

    TYPE: ClassVar[str] = "ratchet.settlement.issued.v1"
    settlement_id: UUID
    agreement_id: UUID
    agreement_number: str
    customer: str
    period: date
    period_end: date
    revision: int
    currency: str
    fee: Decimal
    penalties_uncapped: Decimal
    penalty_cap: Decimal | None = None
    penalties: Decimal
    claims: Decimal
    total_due: Decimal
    lines: tuple[PenaltyLine, ...]
    issued_by: str
    issued_at: datetime
