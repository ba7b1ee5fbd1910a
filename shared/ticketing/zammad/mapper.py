"""Zammad's webhooks as ticket facts.

They hold the ticket as it is, with no old value and no difference: what changed follows from what is stored. Zammad
knows no state between open and closed, so closing is what resolves. Its `close_at` keeps the first closing after a
reopen; `last_close_at`, where it is sent, is the present one.
"""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.echo import ignore_own
from shared.ticketing.facts import DONE, State, Unmappable
from shared.ticketing.mapping import (
    described,
    find_state,
    kind_of,
    make_facts,
    member,
    moment,
    require_object,
    text,
)
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "new": "new",
    "open": "in_progress",
    "pending reminder": "pending",
    "pending close": "pending",
    "closed": "closed",
    "merged": "cancelled",
    "removed": "cancelled",
    "1": "new",
    "2": "in_progress",
    "3": "pending",
    "4": "closed",
    "5": "cancelled",
    "6": "cancelled",
    "7": "pending",
}
"""By name, or by the number that a fresh Zammad gives each state."""


def map_event(payload: Any, config: SourceConfig) -> Reading:
    """A webhook's body, or a ticket as the REST interface gives it.

    Raises:
        Unmappable: names the field and what would be right.
    """
    event = require_object(payload)
    ticket = event.get("ticket", event if "number" in event else None)
    if not isinstance(ticket, Mapping):
        raise Unmappable("ticket: is missing; leave the webhook's payload as Zammad makes it")
    own = ignore_own(text(ticket.get("title"), 1000))
    if own is not None:
        return own
    state = find_state(_words(ticket), config.states, STATES)
    updated_at = moment("updated_at", ticket.get("updated_at"), config.zone)
    done_at = (
        (moment("last_close_at", ticket.get("last_close_at"), config.zone) or updated_at) if state in DONE else None
    )
    values = {
        "source": config.source,
        "external_id": text(ticket.get("number")) or text(ticket.get("id")),
        "state": state,
        "kind": kind_of(text(ticket.get("type"))),
        "updated_at": updated_at,
        "opened_at": moment("created_at", ticket.get("created_at"), config.zone),
        "responded_at": moment("first_response_at", ticket.get("first_response_at"), config.zone),
        "resolved_at": done_at if state != "cancelled" else None,
        "closed_at": done_at if state != "resolved" else None,
        "due_at": moment("close_escalation_at", ticket.get("close_escalation_at"), config.zone),
        "title": text(ticket.get("title"), 1000),
        "priority": text(member(ticket, "priority", "name")) or text(ticket.get("priority")),
        "customer": text(member(ticket, "organization", "name")) or _person(ticket.get("customer")),
        "group": text(member(ticket, "group", "name")) or text(ticket.get("group")),
        "resolver": _person(ticket.get("owner")),
    }
    whole = {**event, "ticket": ticket}
    return Reading((make_facts({**values, **described(whole, config.field_map, config.zone)}),))


def _words(ticket: Mapping[str, Any]) -> tuple[str | None, ...]:
    """The state's name, as text or as an object, or its number where the payload has no name."""
    named = text(ticket.get("state")) or text(member(ticket, "state", "name"))
    return (named,) if named else (text(ticket.get("state_id")),)


def _person(user: Any) -> str | None:
    """A login; Zammad's user 1, called `-`, is nobody."""
    login = text(user) if isinstance(user, str) else text(member(user, "login")) or text(member(user, "email"))
    return None if login == "-" else login
