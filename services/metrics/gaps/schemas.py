"""What the gaps' REST takes and answers."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.metrics import Detection, GapImpact, Severity
from shared.fields import Body, Text

GapState = Literal["open", "dismissed", "closed"]


class GapView(BaseModel):
    """A gap as first detected; `expected`, `actual` and `size` are in the measure's unit. Its id is the correlation id
    of the whole story that follows. `evidence` says what a signal or trend was seen by; `criticality` is the service's;
    `target_loosened` when somebody asked for less while it was open."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    measure_key: str
    scope: str
    state: GapState
    detection: Detection
    period: date
    expected: float
    actual: float
    n: int
    size: float
    severity: Severity
    criticality: str | None
    impact: GapImpact
    evidence: dict[str, Any] | None
    target_loosened: bool
    occurrences: int
    reason: str | None
    detected_at: datetime
    settled_at: datetime | None


class OccurrenceView(BaseModel):
    """One month of the gap."""

    model_config = ConfigDict(from_attributes=True)

    period: date
    expected: float
    actual: float
    n: int
    detection: Detection
    observation_id: UUID


class GapDetail(GapView):
    """A gap with every month in which it occurred."""

    months: list[OccurrenceView]


class DismissBody(Body):
    """Why this gap needs no improvement."""

    reason: Text
