"""What a ticketing system must do for change requests. `generic` talks to any that takes JSON, `memory` is the twin."""

from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

ChangeState = Literal["raised", "accepted", "implemented", "failed"]


class ChangeRequest(BaseModel):
    """What change management needs to know (R12, R118). `correlation_id` is written into the remote record."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    correlation_id: str
    number: str
    title: str
    problem: str
    plan: str
    root_cause: str | None = None
    impact: str | None = None
    owner: str | None = None
    approved_by: str
    planned_start: date | None = None
    planned_end: date | None = None


class RaisedChange(NamedTuple):
    """The remote record: its id there, and where people see it."""

    external_id: str
    url: str | None = None


class ChangeOutcome(NamedTuple):
    """How far the remote record is; `implemented_at` where the system tells it."""

    state: ChangeState
    implemented_at: datetime | None = None
    reason: str | None = None


class SinkFailed(Exception):
    """The ticketing system did not do it, or did not say whether it did: says why, in words for a person."""


class ChangeSink(Protocol):
    """Raises change requests.

    After a failed `raise_change` nobody knows whether the record is there: `find` comes before every attempt. All
    three raise `SinkFailed`.
    """

    async def find(self, correlation_id: str) -> RaisedChange | None:
        """The record that carries this correlation id, or None."""
        ...

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        """Create the record."""
        ...

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        """How far it is; None when the system cannot be asked, and tells by webhook or by hand instead."""
        ...
