"""How invitations are shown to staff."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

InvitationState = Literal["open", "answered", "stopped", "expired"]


class InvitationView(BaseModel):
    """Who was invited and what became of it, never when or what somebody answered. `sent` counts invitation and
    reminders; `last_error` is what the mail server said."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    reference: str
    name: str | None
    stratum: str
    state: InvitationState
    channel: Literal["email", "link", "sheet"]
    invited_at: datetime
    sent: int
    next_mail_at: datetime | None
    last_error: str | None
    stopped_at: datetime | None
