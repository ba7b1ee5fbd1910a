"""What comes in and goes out over REST for approvals."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

StepState = Literal["waiting", "open", "approved", "rejected", "expired", "superseded"]


class StepView(BaseModel):
    """One step of the approval chain; those of earlier revisions stay to be read and count no more."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    revision: int
    step: int
    role: str
    state: StepState
    opened_at: datetime | None
    decided_by: str | None
    decided_role: str | None
    decided_at: datetime | None
    reason: str | None
    expires_at: datetime | None
    delegate: str | None
    delegated_by: str | None
    delegated_at: datetime | None
    delegation_reason: str | None
