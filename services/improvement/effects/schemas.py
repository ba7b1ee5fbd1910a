"""What is signed and looked at, and what is told of the effect."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.improvement.effects.models import Assessment
from shared.events.metrics import Direction, EffectAssessed, EffectPurpose, Sample, Verdict
from shared.fields import Body, Text


class Signature(Body):
    """What the operations manager signs; `reason` is needed where it differs from the computed verdict."""

    verdict: Verdict
    reason: Text | None = None


class NewInspection(Body):
    """What an independent look found (R48): whether the improvement is carried out as approved, and what was seen."""

    conforms: bool
    finding: Text
    evidence: Text | None = None


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class InspectionView(_Answer):
    """One independent check; `state` is the record's at that moment."""

    id: UUID
    improvement_id: UUID
    revision: int
    state: str
    inspected_by: str
    role: str
    inspected_at: datetime
    conforms: bool
    finding: str
    evidence: str | None


class SignatureView(_Answer):
    """One signature; those of earlier revisions stay to be read."""

    id: UUID
    revision: int
    request_id: UUID
    verdict: Verdict
    computed_verdict: Verdict
    signed_by: str
    signed_at: datetime
    reason: str | None


class AssessmentView(BaseModel):
    """One answer of metrics; `counts` tells whether it became the record's evidence when it was heard."""

    id: UUID
    revision: int
    purpose: EffectPurpose
    counts: bool
    heard_at: datetime
    assessment: EffectAssessed

    @classmethod
    def of(cls, row: Assessment) -> "AssessmentView":
        return cls(
            id=row.id,
            revision=row.revision,
            purpose="sustain" if row.purpose == "sustain" else "verification",
            counts=row.counts,
            heard_at=row.heard_at,
            assessment=EffectAssessed.model_validate(row.document),
        )


class CycleView(BaseModel):
    """One turn of the loop: the level before and after it, as assessed."""

    model_config = ConfigDict(from_attributes=True)

    improvement_id: UUID
    number: str
    cycle: int
    state: str
    verdict: Verdict | None
    before: Sample | None
    after: Sample | None


class EffectView(BaseModel):
    """The effect against the level before this cycle, and against the original one before the first (R36).

    `change` and `change_from_original` are after less before, in the measure's unit; `share_of_original` is the latter
    over the original value, null where that is 0. `better` goes by the measure's direction. Null is: not known yet.
    """

    model_config = ConfigDict(from_attributes=True)

    measure_key: str | None
    scope: str | None
    direction: Direction | None
    original: Sample | None
    before: Sample | None
    after: Sample | None
    change: float | None
    change_from_original: float | None
    share_of_original: float | None
    better: bool | None
    cycles: list[CycleView]
