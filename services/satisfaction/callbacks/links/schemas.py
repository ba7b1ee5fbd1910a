"""What is answered when a link is made."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class CallbackLink(BaseModel):
    """The customer's link. It is told once: only a digest of its token is kept."""

    callback_id: UUID
    url: str
    issued_at: datetime
    expires_at: datetime
