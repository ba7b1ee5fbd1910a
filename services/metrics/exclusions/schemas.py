"""What the exclusion ledger's REST takes and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.agreements.rules import Party
from services.metrics.agreements.schemas import ClauseKey
from services.metrics.clauses.schemas import Sha256
from services.metrics.exclusions.rules import State
from shared.fields import Body, Moment, Name, Text


class ProposalBody(Body):
    """R168: time from `begins_at` up to and without `ends_at` that is not to count, by an exemption of the agreement:
    for one clause or all, for some tickets or all, with what shows it."""

    clause: ClauseKey | None = None
    begins_at: Moment
    ends_at: Moment
    tickets: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=1000)] | None = None
    exemption: ClauseKey
    reason: Text
    evidence: Text
    evidence_sha256: Sha256 | None = None


class DecisionBody(Body):
    """What the other party says. Staff record what the customer decided with who did and in which document."""

    reason: Text | None = None
    signatory: Name | None = None
    evidence: Name | None = None


class RefusalBody(DecisionBody):
    """A refusal says why."""

    reason: Text


class ExclusionView(BaseModel):
    """One entry of the ledger: who proposed it for which side, and who decided."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    agreement_id: UUID
    clause_id: UUID | None
    begins_at: datetime
    ends_at: datetime
    tickets: list[UUID] | None
    exemption: str
    reason: str
    evidence: str
    evidence_sha256: str | None
    state: State
    proposed_by: str
    proposed_side: Party
    proposed_at: datetime
    decided_by: str | None
    decided_side: Party | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int
