"""Change requests in Zammad, which knows no change: tickets of a group, with our mark at the end of the title."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from shared.ticketing.change_mapping import Told, describe, first_word, headline, judge, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome, find_mark, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, require_object, text

STATES: dict[str, ChangeState] = {
    "new": "raised",
    "open": "accepted",
    "pending reminder": "accepted",
    "pending close": "accepted",
    "closed": "implemented",
    "merged": "failed",
    "removed": "failed",
}
"""By name; one of your own, as `rejected`, goes into the connection's states."""

_LONGEST_TITLE = 250


def make_ticket(
    request: ChangeRequest, group: str, customer: str, fields: Mapping[str, Any], *, is_internal: bool
) -> dict[str, Any]:
    """The ticket with its first article; `fields` win."""
    article = {
        "subject": headline(request, _LONGEST_TITLE),
        "body": describe(request),
        "content_type": "text/plain",
        "type": "note",
        "internal": is_internal,
    }
    title = headline(request, _LONGEST_TITLE, ending=f" {mark(request.correlation_id)}")
    return {"group": group, "customer": customer, **fields, "title": title, "article": article}


def carries(ticket: Any, correlation_id: str) -> bool:
    """Whether this ticket is that of this id."""
    return find_mark(text(member(ticket, "title"), 1000)) == correlation_id


def read_outcome(ticket: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ChangeOutcome | None:
    """How far the ticket is. Raises `Unmappable`."""
    return judge(_told(require_object(ticket), zone), states, STATES)


def read_told(payload: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ToldOutcome | None:
    """A webhook's body, as Zammad makes it. Raises `Unmappable`."""
    event = require_object(payload)
    ticket = event.get("ticket", event if "number" in event else None)
    if not isinstance(ticket, Mapping):
        raise Unmappable("ticket: is missing; leave the webhook's payload as Zammad makes it")
    told = _told(ticket, zone)
    correlation_id = find_mark(text(ticket.get("title"), 1000), text(member(event, "article", "body"), 20_000))
    external_id = text(ticket.get("id"))
    if correlation_id is None and external_id is None:
        return None
    return ToldOutcome(correlation_id, external_id, first_word(told.words), judge(told, states, STATES))


def _told(ticket: Mapping[str, Any], zone: tzinfo) -> Told:
    """`close_at` keeps the first closing; `last_close_at`, where it is sent, is the present one."""
    state = text(ticket.get("state")) or text(member(ticket, "state", "name"))
    if state is None:
        raise Unmappable("ticket.state: is missing")
    done_at = time_of("last_close_at", ticket.get("last_close_at"), zone) or time_of(
        "close_at", ticket.get("close_at"), zone
    )
    return Told((state,), done_at)
