"""What the inbound REST takes and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from shared.fields import Body

System = Literal["generic", "servicenow"]
Authentication = Literal["standard_webhooks", "bearer"]
QuarantineState = Literal["waiting", "replayed", "discarded"]
Fact = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]


class ConnectionBody(Body):
    """A ticketing system that sends us its tickets.

    `secret` proves the sender: the shared secret of Standard Webhooks (`whsec_…`), or a bearer token of 16 characters
    and more. Left out, the stored one stays. `field_map` says where in its JSON each fact stands; empty when it already
    sends our facts. `time_zone` is the one of its times without zone.
    """

    system: System = "generic"
    authentication: Authentication = "standard_webhooks"
    secret: Annotated[str, StringConstraints(min_length=16, max_length=500, pattern=r"^[\x21-\x7e]+$")] | None = None
    field_map: Annotated[dict[Fact, JsonValue], Field(default_factory=dict, max_length=60)]
    time_zone: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"


class ConnectionView(BaseModel):
    """A connection; its secret is never answered."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    system: System
    authentication: Authentication
    field_map: dict[str, Any]
    time_zone: str
    version: int
    updated_at: datetime


class QuarantineView(BaseModel):
    """What could not be understood: `origin` says who sent it, `place` where in it, `reason` what to mend."""

    id: UUID
    origin: str
    connection: str | None
    format: str
    place: str
    reason: str
    state: QuarantineState
    quarantined_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    raw: str
