"""What the negotiations' REST takes and answers."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from services.metrics.agreements.rules import Party
from services.metrics.agreements.schemas import ClauseKey, Day
from services.metrics.negotiations.rules import State
from shared.fields import Body, Name, Text


class PositionBody(Body):
    """What a party says. Where staff record what the customer said, `signatory` and `evidence` (the document) are
    needed."""

    party: Party
    statement: Text
    signatory: Name | None = None
    evidence: Name | None = None


class NegotiationBody(PositionBody):
    """R170: a quality problem that both parties talk about until `deadline`: of the whole agreement, of one `clause`,
    or of one settlement. `statement` is the first position, of the party that opens it."""

    title: Name
    clause: ClauseKey | None = None
    settlement_id: UUID | None = None
    deadline: Day

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "NegotiationBody":
        if self.clause is not None and self.settlement_id is not None:
            raise ValueError("clause, settlement_id: a negotiation is about one of them; open another one")
        return self


class OutcomeBody(Body):
    """How it ended. Where both agreed, `renegotiate` sends the agreement back to negotiation (R158)."""

    agreed: bool
    outcome: Text
    renegotiate: bool = False

    @model_validator(mode="after")
    def _renegotiates_by_agreement(self) -> "OutcomeBody":
        if self.renegotiate and not self.agreed:
            raise ValueError("renegotiate: only an agreed outcome asks for it; set agreed, or leave renegotiate out")
        return self


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class NegotiationView(_View):
    """`renegotiates`: its outcome sent the agreement back to negotiation."""

    id: UUID
    agreement_id: UUID
    clause: str | None
    settlement_id: UUID | None
    title: str
    opened_by_party: Party
    opened_by: str
    opened_at: datetime
    deadline: date
    overdue: bool
    state: State
    outcome: str | None
    renegotiates: bool
    settled_by: str | None
    settled_at: datetime | None


class PositionView(_View):
    id: UUID
    party: Party
    statement: str
    signatory: str
    evidence: str | None
    stated_by: str
    stated_at: datetime


class NegotiationDetail(NegotiationView):
    """With every position, in order."""

    positions: list[PositionView]
