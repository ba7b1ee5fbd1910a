"""What goes out over REST for sustain checks."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.improvement.sustain.rules import State
from shared.events.metrics import EffectAssessed


class CheckView(BaseModel):
    """Whether the signed level holds `day` days after closing; `successor_id` is the next cycle where it regressed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    improvement_id: UUID
    day: int
    due_at: datetime
    state: State
    asked_at: datetime | None
    request_id: UUID | None
    assessment: EffectAssessed | None
    reason: str | None
    decided_at: datetime | None
    successor_id: UUID | None
