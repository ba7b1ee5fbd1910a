"""What metrics tells of agreements: signed, about to end, ended, sent back to negotiation."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact
from shared.events.metrics import Direction


class PromisedClause(BaseModel):
    """One clause of an agreement, and the measure that it made (R89): it is kept while the measure's value reaches
    `target`, in `unit`, by `direction`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clause_id: UUID
    key: str
    title: str
    kind: str
    measure_key: str | None
    unit: str
    direction: Direction
    target: float
    has_penalty: bool


class AgreementFact(Fact):
    """The agreement as it stood right after; subject is `agreement_id`.

    A renewal or a renegotiation is the next `revision` of one `number`. It counts from `effective_from` to
    `effective_to`, both included.
    """

    agreement_id: UUID
    number: str
    revision: int
    title: str
    customer: str
    project: str | None = None
    services: tuple[str, ...]
    state: str
    effective_from: date
    effective_to: date
    owner: str


class AgreementSigned(AgreementFact):
    """Both parties confirmed all of it (R71, R111); it comes into force on `effective_from` by itself. Money is decimal
    text in `currency`; `digest` is the sha256 of the content that they confirmed."""

    TYPE: ClassVar[str] = "ratchet.agreement.signed.v1"
    predecessor_id: UUID | None = None
    digest: str
    signed_by: str
    signed_at: datetime
    calendar: str
    settled_by: str
    fee: str
    currency: str
    clauses: tuple[PromisedClause, ...]


class AgreementExpiring(AgreementFact):
    """Its notice period has begun: renew it or change it (R114). `successor_id` is the revision that follows, where
    somebody has begun one."""

    TYPE: ClassVar[str] = "ratchet.agreement.expiring.v1"
    days_left: int
    notice_days: int
    successor_id: UUID | None = None
    successor_state: str | None = None


class AgreementTerminated(AgreementFact):
    """It counts no more after `ended_on`: `terminated` by both parties, `expired` by its date, or `renewed` by its
    successor. `execution_confirmed`: whether both parties have confirmed that it was executed (R160)."""

    TYPE: ClassVar[str] = "ratchet.agreement.terminated.v1"
    ending: Literal["terminated", "expired", "renewed"]
    ended_on: date
    reason: str | None = None
    execution_confirmed: bool
    successor_id: UUID | None = None


class RenegotiationRequested(AgreementFact):
    """A quality problem sends it back to negotiation (R158), as the revision `successor_id`; until that one comes into
    force its clauses go on counting. `negotiation_id` is the dispute that led here (R170)."""

    TYPE: ClassVar[str] = "ratchet.renegotiation.requested.v1"
    reason: str
    requested_by: str
    successor_id: UUID
    negotiation_id: UUID | None = None
