"""Request Tracker 5: REST2 is polled with each ticket's history, or a scrip posts (bearer, or secret in the URL)."""

import asyncio
from datetime import datetime
from typing import Any

from shared import clock
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.mapping import member, newest
from shared.ticketing.polling import PolledSource, Wanted
from shared.ticketing.remote import TIMEOUT_SECONDS, Asking
from shared.ticketing.request_tracker.mapper import map_payload
from shared.ticketing.sources import PollPage, SourceConfig, follow

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


def open_request_tracker(
    config: SourceConfig, *, page_size: int = PAGE_SIZE, timeout_seconds: float = TIMEOUT_SECONDS
) -> PolledSource:
    """A filter is in RT's own query language, as `Queue = 'Helpdesk'`."""
    return PolledSource(config, map_payload, _read_page, page_size=page_size, timeout_seconds=timeout_seconds)


async def _read_page(remote: Asking, wanted: Wanted) -> PollPage:
    answer = await remote.get("/REST/2.0/tickets", _query(wanted))
    tickets = member(answer, "items")
    if not isinstance(tickets, list):
        raise RemoteFailed("REST2's answer has no list 'items'; check base_url")
    gate = asyncio.Semaphore(AT_ONCE)
    since = [ticket for ticket in tickets if _is_since(ticket, wanted.position.since)]
    elements = await asyncio.gather(*(_with_history(remote, gate, ticket) for ticket in since))
    is_last = len(tickets) < wanted.page_size
    last = newest(member(ticket, "LastUpdated") for ticket in tickets)
    return PollPage(list(elements), follow(wanted.position, last, is_last), is_last)


def _query(wanted: Wanted) -> dict[str, str | int]:
    """RT reads a time in a query by the zone of its user, whatever zone it names: so it is asked by seconds before now,
    and what is older than wanted is left out here."""
    seconds = max(int((clock.now() - wanted.position.since).total_seconds()), 0) + SLACK_SECONDS
    since = f"LastUpdated >= '-{seconds} seconds'"
    return {
        "query": f"({wanted.poll.filter}) AND {since}" if wanted.poll.filter else since,
        "orderby": "LastUpdated",
        "order": "ASC",
        "fields": _TICKET_FIELDS,
        "fields[Queue]": "Name",
        "per_page": wanted.page_size,
        "page": wanted.position.page,
    }


def _is_since(ticket: Any, since: datetime) -> bool:
    """Whether it was updated then or later; one that does not say counts."""
    updated_at = newest([member(ticket, "LastUpdated")])
    return updated_at is None or updated_at >= since


async def _with_history(remote: Asking, gate: asyncio.Semaphore, ticket: Any) -> dict[str, Any]:
    number = str(member(ticket, "id"))
    if not number.isdecimal():
        raise RemoteFailed("REST2's answer holds a ticket without id")
    async with gate:
        return {"ticket": ticket, "history": await read_history(remote, number)}


async def read_history(remote: Asking, number: str) -> list[Any]:
    """All transactions of the ticket. Raises `RemoteFailed`."""
    items: list[Any] = []
    for page in range(1, MOST_HISTORY_PAGES + 1):
        params: dict[str, str | int] = {"fields": _HISTORY_FIELDS, "per_page": _HISTORY_PAGE_SIZE, "page": page}
        answer = await remote.get(f"/REST/2.0/ticket/{number}/history", params)
        found = member(answer, "items")
        items += found if isinstance(found, list) else []
        pages = member(answer, "pages")
        if not found or not isinstance(pages, int) or page >= pages:
            break
    return items
