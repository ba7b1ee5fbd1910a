"""What a ticketing system must do for change requests: raise them once, tell their outcome, reopen an incident.

One folder a system: `changes.py` speaks HTTP for change requests, `change_mapper.py` is pure. `memory` is the twin,
`generic` talks to any system that takes JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from shared.ticketing.access import Access
from shared.ticketing.findings import Finding
from shared.ticketing.sources import Authentication

ChangeState = Literal["raised", "accepted", "implemented", "failed"]

UTC_ZONE = ZoneInfo("UTC")


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


class ToldOutcome(NamedTuple):
    """What a webhook tells of a change: which one, by our correlation id or its own id, and how far it is. `word` is
    the system's own for the state; `outcome` is None where it means nothing to us."""

    correlation_id: str | None
    external_id: str | None
    word: str
    outcome: ChangeOutcome | None


@dataclass(frozen=True, slots=True)
class SinkConfig:
    """One connection. `options` is the system's own (its queue, project, field map), of the type that its entry in
    `sinks.SINKS` names; `states` maps its words for a state to ours, before its usual ones; `zone` is that of times
    without one. `authentication` and `secret` prove the sender of its webhooks."""

    access: Access | None
    options: Any
    states: Mapping[str, ChangeState] = field(default_factory=dict)
    zone: ZoneInfo = UTC_ZONE
    authentication: Authentication = "none"
    secret: str | None = None


class ChangeSink(Protocol):
    """Raises change requests.

    After a failed `raise_change` nobody knows whether the record is there: `find` comes before every attempt. All that
    speak with the system raise `RemoteFailed`.
    """

    async def find(self, correlation_id: str) -> RaisedChange | None:
        """The record that carries this correlation id, or None."""
        ...

    async def raise_change(self, request: ChangeRequest) -> RaisedChange:
        """Create the record, with `mark(correlation_id)` in it."""
        ...

    async def outcome(self, external_id: str) -> ChangeOutcome | None:
        """How far it is; None when the system cannot be asked, and tells by webhook or by hand instead."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Try, without changing anything there, what a change will need: address, sign-in, right to read, right to
        create, where the options lead. Never raises; what cannot be tried without a change is said to be so."""
        ...

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """Raises `NotProven`. Header names are lower case."""
        ...

    def read_outcome(self, payload: Any) -> ToldOutcome | None:
        """From one webhook body; None where it tells of no change. Raises `Unmappable`."""
        ...


class IncidentReopener(Protocol):
    """Reopens an incident whose customer says that it is not solved (R81)."""

    async def reopen(self, external_id: str, note: str) -> bool:
        """False when it was open already. `note` is written where people there read it. Raises `RemoteFailed`."""
        ...


_BEGIN, _END = "[ratchet:", "]"


def mark(correlation_id: str) -> str:
    """What is written into a remote record so that it can be searched, and known as ours: `[ratchet:ID]`."""
    return f"{_BEGIN}{correlation_id}{_END}"


def find_mark(*texts: str | None) -> str | None:
    """The correlation id of the first mark in these texts, or None: a record that carries one is our own change
    request, and no incident (the echo guard)."""
    for text in texts:
        begin = (text or "").find(_BEGIN)
        if text and begin >= 0 and (end := text.find(_END, begin)) > 0:
            return text[begin + len(_BEGIN) : end]
    return None
