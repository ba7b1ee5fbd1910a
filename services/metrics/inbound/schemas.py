"""What the inbound REST takes and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from services.metrics.inbound.rules import Outcome
from services.metrics.tickets.schemas import IngestResult
from shared.fields import Body, Key, Moment

Origin = Literal["webhook", "poll", "import"]
QuarantineState = Literal["waiting", "replayed", "discarded"]
ReplayState = Literal["waiting", "running", "finished"]


class Received(IngestResult):
    """What a webhook brought. `ignored` says why a payload tells nothing of any ticket's state; that is no mistake."""

    ignored: list[str]


class PayloadView(BaseModel):
    """What was sent, and what became of it. `delivery` is the sender's own id of it; `note` the first reason for
    what was not understood or was ignored."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    connection: str
    origin: Origin
    delivery: str | None
    content_type: str
    outcome: Outcome
    accepted: int
    quarantined: int
    note: str | None
    received_at: datetime


class PayloadDetail(PayloadView):
    """With its body as text; `truncated` when it is longer than what is shown."""

    body: str
    truncated: bool


class PayloadReplayed(BaseModel):
    """What reading a payload again brought: `accepted` updates, of which `changed` tickets; the rest was late."""

    payload: PayloadView
    accepted: int
    changed: int


class ReplayBody(Body):
    """Which payloads to read again: those received from `since` until before `until` (default: now)."""

    since: Moment
    until: Moment | None = None

    @model_validator(mode="after")
    def _is_a_span(self) -> "ReplayBody":
        if self.until is not None and self.until <= self.since:
            raise ValueError("until must lie after since")
        return self


class ReplayView(BaseModel):
    """How far a replay has come: `payloads` were read again, and what they brought."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    connection: str
    since: datetime
    until: datetime
    state: ReplayState
    payloads: int
    accepted: int
    changed: int
    quarantined: int
    ignored: int
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None


class QuarantineView(BaseModel):
    """What could not be understood: `origin` says who sent it, `place` where in it, `reason` what to mend. `raw` is cut
    after 64 KiB; what is replayed is whole."""

    id: UUID
    payload_id: UUID | None
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


class QuarantineReplayBody(Body):
    """Which to replay: those of a connection (null: those that came by REST), behind `after`."""

    connection: Key | None
    after: UUID | None = None


class QuarantineReplayed(BaseModel):
    """How many of at most 1,000 were understood now, and how many not. `next_after` is where to go on, null when
    none is behind them."""

    replayed: int
    still_waiting: int
    changed: int
    next_after: UUID | None
