"""What the settlements' REST takes and answers. Money is decimal text in the agreement's currency, to the cent."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.metrics.agreements.rules import Party
from services.metrics.attainments.rules import Verdict
from services.metrics.clauses.schemas import Sha256
from services.metrics.clauses.terms import Tier
from shared.fields import Body, Name, Text

SettlementState = Literal["draft", "issued", "confirmed"]
ClaimState = Literal["claimed", "accepted", "refused"]
Amount = Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2)]


class Line(BaseModel):
    """What one clause came to, and costs with its own cap applied; `tier` is the one that holds the value."""

    clause_id: UUID
    key: str
    title: str
    unit: str
    target: float
    raw: float | None
    excluded: float
    value: float | None
    n: int
    verdict: Verdict
    tier: Tier | None
    penalty: Decimal


class SettlementView(BaseModel):
    """R159, R169: a period's account. `total_due` = fee − penalties − claims; negative where the provider owes.
    `penalty_cap` limits all penalties together."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    agreement_id: UUID
    period: date
    period_end: date
    revision: int
    state: SettlementState
    currency: str
    fee: Decimal
    lines: list[Line]
    penalties_uncapped: Decimal
    penalty_cap: Decimal | None
    penalties: Decimal
    claims: Decimal
    total_due: Decimal
    issued_by: str | None
    issued_at: datetime | None
    provider_confirmed_by: str | None
    provider_confirmed_at: datetime | None
    customer_confirmed_by: str | None
    customer_confirmed_at: datetime | None
    version: int


class ConfirmationBody(Body):
    """A party's confirmation. A customer's token confirms for its customer; staff confirm for the provider, and for
    the customer only with who signed and the document."""

    party: Party
    signatory: Name | None = None
    evidence: Name | None = None


class ClaimBody(Body):
    """R169: a loss that the customer had in this period, and what shows it."""

    amount: Amount
    reason: Text
    evidence: Text
    evidence_sha256: Sha256 | None = None


class ClaimDecision(Body):
    """What the provider says to the claim."""

    reason: Text


class ClaimView(BaseModel):
    """A loss claim; only an accepted one is part of the account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    agreement_id: UUID
    period: date
    amount: Decimal
    reason: str
    evidence: str
    evidence_sha256: str | None
    state: ClaimState
    claimed_by: str
    claimed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    version: int


class Account(BaseModel):
    """The figures of a settlement, as they are or as they would be."""

    fee: Decimal
    lines: list[Line]
    penalties_uncapped: Decimal
    penalty_cap: Decimal | None
    penalties: Decimal
    claims: Decimal
    total_due: Decimal


class WhatIf(BaseModel):
    """R168, R169: the account as of now, and as it would be with these exclusions refused and those agreed.
    `difference` is what the total would change by."""

    settlement_id: UUID
    currency: str
    refused: list[UUID]
    agreed: list[UUID]
    now: Account
    then: Account
    difference: Decimal
