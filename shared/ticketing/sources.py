"""What a ticketing system must do for tickets: let its sender be proven, say what its payloads mean, and be polled.

One folder a system: `mapper.py` is pure (payload in, facts out), `client.py` speaks HTTP. `memory` is the twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from shared.ticketing.access import Access
from shared.ticketing.facts import State, TicketFacts

Authentication = Literal[
    "standard_webhooks", "bearer", "basic", "hub_sha1", "hub_sha256", "glpi_sha256", "url_secret", "none"
]
"""How a sender proves itself; `none` takes no webhooks at all."""


@dataclass(frozen=True, slots=True)
class PollConfig(Access):
    """Where to poll and as whom. `filter` narrows the records in the system's own query language."""

    filter: str | None = None


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One connection. `source` names it in the facts; `zone` is that of times without one; `states` maps the system's
    words for a state to ours, before the system's own defaults; `field_map` is the generic mapper's."""

    source: str
    zone: ZoneInfo
    authentication: Authentication = "none"
    secret: str | None = None
    states: Mapping[str, State] = field(default_factory=dict)
    field_map: Mapping[str, Any] = field(default_factory=dict)
    poll: PollConfig | None = None


class Reading(NamedTuple):
    """What a payload says: the facts of each state that it tells, oldest first; or why it tells none."""

    facts: tuple[TicketFacts, ...]
    ignored: str | None = None


class Position(NamedTuple):
    """How far a poll has come: records updated at `since` or later, and of these the page `page`, from 1."""

    since: datetime
    page: int = 1


class PollPage(NamedTuple):
    """One page: payloads for `read`, and where the next one begins. `is_last`: nothing newer was there."""

    elements: list[Any]
    position: Position
    is_last: bool


class NotProven(Exception):
    """The sender did not prove that it has the connection's secret: says what was looked at."""


class IncidentSource(Protocol):
    """Where tickets come from."""

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        """Raises `NotProven`. Header names are lower case."""
        ...

    def read(self, payload: Any) -> Reading:
        """Facts from one webhook body, or from one polled element. Raises `Unmappable`."""
        ...

    async def poll(self, position: Position) -> PollPage:
        """The page at this position, in order of update. Raises `RemoteFailed`."""
        ...


def follow(position: Position, newest: datetime | None, is_last: bool) -> Position:
    """Where to go on behind a page whose newest record was updated at `newest`.

    By time, not by page, for a record that is updated meanwhile moves to the end and every page behind it shifts. Only
    where a whole page has one and the same time, the next page of that time follows.
    """
    if newest is not None and newest > position.since:
        return Position(newest)
    return Position(position.since, 1 if is_last else position.page + 1)
