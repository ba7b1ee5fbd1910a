"""What comes in and goes out over REST for participants."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from services.improvement.participants.models import Participant
from services.improvement.participants.rules import ParticipantRole, State
from shared.fields import Body, Name, Text


class InvitationBody(Body):
    """Whom to invite (R33). `person` is the subject of their token; for a person of the customer's also `customer`,
    the customer's key."""

    person: Name
    role: ParticipantRole
    customer: Name | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _says_whose_customer(self) -> "InvitationBody":
        if (self.role == "customer") != (self.customer is not None):
            raise ValueError("customer: the customer's key goes with the role 'customer', and only with it")
        return self


class AnswerBody(Body):
    """Joined or declined; `reason` is needed to decline, `evidence` (the document) where somebody else records it."""

    state: Literal["joined", "declined"]
    reason: Text | None = None
    evidence: Name | None = None

    @model_validator(mode="after")
    def _declines_with_a_reason(self) -> "AnswerBody":
        if self.state == "declined" and self.reason is None:
            raise ValueError("reason: say why it is declined")
        return self


class ContributionBody(Body):
    """What the participant found or said about the cause."""

    contribution: Text
    evidence: Name | None = None


class AgreementBody(Body):
    """R173. `evidence` names the document in which the customer agreed, where staff record it."""

    evidence: Name | None = None


class RemovalBody(Body):
    reason: Text


class ParticipantView(BaseModel):
    """One participant. `cause_agreed`: agreed on the root cause as the record has it now (R173)."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    improvement_id: UUID
    version: int
    person: str
    role: ParticipantRole
    customer: str | None
    state: State
    invited_by: str
    invited_at: datetime
    note: str | None
    answered_by: str | None
    answered_at: datetime | None
    decline_reason: str | None
    evidence: str | None
    contribution: str | None
    contributed_at: datetime | None
    agreed_cause: str | None
    agreed_by: str | None
    agreed_at: datetime | None
    agreed_evidence: str | None
    cause_agreed: bool
    removed_by: str | None
    removed_at: datetime | None
    removal_reason: str | None

    @classmethod
    def of(cls, row: Participant, root_cause: str | None) -> "ParticipantView":
        own = {name: getattr(row, name) for name in cls.model_fields if name != "cause_agreed"}
        agreed = root_cause is not None and row.agreed_cause == root_cause
        return cls(**own, cause_agreed=agreed)


class CauseView(BaseModel):
    """R173: whether the customer agreed on the cause that the record names, who and when."""

    root_cause: str | None
    agreed: bool
    agreements: list[ParticipantView]
