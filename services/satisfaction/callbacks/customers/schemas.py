"""What is taken and answered of a customer's calls."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from shared.fields import Body, Name

QuietHours = Annotated[str, Field(pattern=r"^(none|([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)$")]
"""`21:00-08:00` by the customer's wall clock, or `none`."""


class CustomerBody(Body):
    """How this customer is called. What is null is the installation's; `desk` is the desk that calls (null: any), and
    `contact` whom to ask for, and by which number."""

    zone: Annotated[str, Field(max_length=60)] | None = None
    quiet_hours: QuietHours | None = None
    desk: Name | None = None
    contact: Name | None = None


class CallbackCustomer(BaseModel):
    """What a call needs to know. `name` and `segment` come from the catalogue; `version` counts what was set here."""

    customer: str
    name: str | None
    segment: str | None
    zone: str | None
    quiet_hours: str | None
    desk: str | None
    contact: str | None
    updated_at: datetime | None
    updated_by: str | None
    version: int
