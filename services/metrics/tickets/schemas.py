"""What the tickets' REST takes and answers."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.ticketing.facts import IncidentClass, Kind, State


class TicketView(BaseModel):
    """A ticket as stored: the source's facts and what Ratchet derived from its updates."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    source: str
    external_id: str
    kind: Kind
    state: State
    updated_at: datetime
    title: str | None
    priority: str | None
    service: str | None
    customer: str | None
    project: str | None
    group: str | None
    resolver: str | None
    category: str | None
    cause: str | None
    incident_class: IncidentClass | None
    opened_at: datetime
    failed_at: datetime | None
    due_at: datetime | None
    pauses: list[list[datetime | None]] | None
    responded_at: datetime | None
    resolved_at: datetime | None
    last_resolved_at: datetime | None
    closed_at: datetime | None
    reported_resolved_at: datetime | None
    resolution_number: int
    reopen_count: int
    reported_reopen_count: int | None
    sla_met: bool | None
    version: int


class Quarantined(BaseModel):
    """One element that could not be understood; it is kept, and can be replayed once what was wrong is mended."""

    id: UUID
    place: str
    reason: str


class IngestResult(BaseModel):
    """How many updates were understood, how many of them changed a ticket, and which were quarantined."""

    accepted: int
    changed: int
    quarantined: list[Quarantined]
