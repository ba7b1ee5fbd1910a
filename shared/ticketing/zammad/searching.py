"""Searching tickets in Zammad: a condition is answered from its database and is up to date; words are looked up in its
search index, which is behind, and reach where a condition does not."""

import re
from collections.abc import Callable
from typing import Any

from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member
from shared.ticketing.remote import Asking

TICKETS = "/api/v1/tickets"
_MOST = 50


async def search(remote: Asking, field: str, value: str, is_wanted: Callable[[Any], bool]) -> Any:
    """The oldest ticket whose field contains the value and that is wanted, or None.

    Raises:
        RemoteFailed, Unmappable
    """
    condition: dict[str, str | int] = {
        f"condition[ticket.{field}][operator]": "contains",
        f"condition[ticket.{field}][value]": value,
    }
    words: dict[str, str | int] = {"query": max(re.findall(r"[A-Za-z0-9-]+", value) or [value], key=len)}
    for asked in (condition, words):
        answer = await remote.get(f"{TICKETS}/search", {**asked, "expand": "true", "limit": _MOST})
        found = [ticket for ticket in _listed(answer) if is_wanted(ticket)]
        if found:
            return min(found, key=lambda ticket: str(member(ticket, "created_at")))
    return None


def _listed(answer: Any) -> list[Any]:
    """Expanded it is a list; else ids, with the tickets among the assets."""
    if isinstance(answer, list):
        return answer
    assets = member(answer, "assets", "Ticket")
    if member(answer, "tickets") == [] or isinstance(assets, dict):
        return list((assets or {}).values())
    raise Unmappable("the search's answer has no list of tickets; check base_url")
