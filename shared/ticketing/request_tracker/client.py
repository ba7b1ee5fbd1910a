"""Request Tracker 5: REST2 is polled with each ticket's history, or a scrip posts (bearer, or secret in the URL)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared import clock
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.remote import Asking, Remote
from shared.ticketing.request_tracker.mapper import map_payload
from shared.ticketing.senders import verify_sender
from shared.ticketing.sources import PollConfig, PollPage, Position, Reading, SourceConfig, follow

PAGE_SIZE = 50
AT_ONCE = 4
MOST_HISTORY_PAGES = 50
_HISTORY_PAGE_SIZE = 100
_TICKET_FIELDS = (
    "Subject,Status,Type,Created,LastUpdated,Started,Resolved,Due,Priority,Owner,Requestor,Queue,SLA,CustomFields"
)
_HISTORY_FIELDS = "Type,Field,OldValue,NewValue,Created,Creator"
SLACK_SECONDS = 3900
"""RT is asked for so much more than is wanted: its clock may be minutes ahead, and where its zone changes its clock in
between, it counts an hour wrong."""


class RequestTrackerSource:
    """RT reads a time in a query by the zone of its user, whatever zone it names: so it is asked by seconds before now,
    and what is older than wanted is left out here."""

    def __init__(self, config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = 30.0) -> None:
        self._config = config
        self._page_size = page_size
        self._timeout_seconds = timeout_seconds

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read(self, payload: Any) -> Reading:
        return map_payload(payload, self._config)

    async def poll(self, position: Position) -> PollPage:
        poll = self._config.poll
        if poll is None:
            raise RemoteFailed("this connection has no base_url to poll")
        async with Remote(poll, timeout_seconds=self._timeout_seconds).session() as remote:
            answer = await remote.get("/REST/2.0/tickets", self._query(poll, position))
            tickets = member(answer, "items")
            if not isinstance(tickets, list):
                raise RemoteFailed("REST2's answer has no list 'items'; check base_url")
            gate = asyncio.Semaphore(AT_ONCE)
            wanted = [ticket for ticket in tickets if _is_since(ticket, position.since)]
            elements = await asyncio.gather(*(_with_history(remote, gate, ticket) for ticket in wanted))
        is_last = len(tickets) < self._page_size
        last = newest(member(ticket, "LastUpdated") for ticket in tickets)
        return PollPage(list(elements), follow(position, last, is_last), is_last)

    def _query(self, poll: PollConfig, position: Position) -> dict[str, str | int]:
        seconds = max(int((clock.now() - position.since).total_seconds()), 0) + SLACK_SECONDS
        since = f"LastUpdated >= '-{seconds} seconds'"
        return {
            "query": f"({poll.filter}) AND {since}" if poll.filter else since,
            "orderby": "LastUpdated",
            "order": "ASC",
            "fields": _TICKET_FIELDS,
            "fields[Queue]": "Name",
            "per_page": self._page_size,
            "page": position.page,
        }


def _is_since(ticket: Any, since: datetime) -> bool:
    """Whether it was updated then or later; one that does not say counts."""
    updated_at = newest([member(ticket, "LastUpdated")])
    return updated_at is None or updated_at >= since


async def _with_history(remote: Asking, gate: asyncio.Semaphore, ticket: Any) -> dict[str, Any]:
    """The ticket with all of its transactions."""
    items: list[Any] = []
    number = member(ticket, "id")
    if not str(number).isdecimal():
        raise RemoteFailed("REST2's answer holds a ticket without id")
    async with gate:
        for page in range(1, MOST_HISTORY_PAGES + 1):
            params: dict[str, str | int] = {"fields": _HISTORY_FIELDS, "per_page": _HISTORY_PAGE_SIZE, "page": page}
            answer = await remote.get(f"/REST/2.0/ticket/{number}/history", params)
            found = member(answer, "items")
            items += found if isinstance(found, list) else []
            pages = member(answer, "pages")
            if not found or not isinstance(pages, int) or page >= pages:
                break
    return {"ticket": ticket, "history": items}
