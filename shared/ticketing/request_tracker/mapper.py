"""Request Tracker 5 as ticket facts: what a scrip posts, and a ticket with its history as REST2 gives them.

A null time is `1970-01-01T00:00:00Z`; `Resolved` keeps its old value after a reopen, so only the state says whether
it is resolved; transactions come out of order and several in one second, so their number orders them; ids and
priorities are text.
"""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.echo import ignore_own
from shared.ticketing.facts import State, Unmappable
from shared.ticketing.history import StateChange, tell_history
from shared.ticketing.mapping import described, find_state, kind_of, make_facts, member, moment, require_object, text
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "new": "new",
    "open": "in_progress",
    "stalled": "pending",
    "resolved": "resolved",
    "rejected": "cancelled",
    "deleted": "cancelled",
}

_NOBODY = frozenset({"Nobody", "RT_System"})


def map_payload(payload: Any, config: SourceConfig) -> Reading:
    """`{ticket, history}` as polled, a bare REST2 ticket, or what the scrip of the documentation posts.

    Raises:
        Unmappable: names the field and what would be right.
    """
    event = require_object(payload)
    ticket = event.get("ticket", event)
    if not isinstance(ticket, Mapping) or not ({"Status", "status"} & set(ticket)):
        raise Unmappable("ticket: is missing, or has no Status; post the ticket as the documentation's scrip does")
    own = ignore_own(text(ticket.get("Subject", ticket.get("subject")), 1000))
    if own is not None:
        return own
    if "status" in ticket:
        return _read_scrip(event, ticket, config)
    if text(ticket.get("Type")) not in (None, "ticket"):
        return Reading((), f"a {text(ticket.get('Type'))} is no ticket")
    history = event.get("history")
    return _read_polled(event, ticket, history if isinstance(history, list) else [], config)


def _read_scrip(event: Mapping[str, Any], ticket: Mapping[str, Any], config: SourceConfig) -> Reading:
    """The transaction's own new value is the state at that time; the ticket beside it may be newer."""
    is_change = text(event.get("field")) == "Status" and text(event.get("new")) is not None
    state = _state(event.get("new") if is_change else ticket.get("status"), config)
    occurred_at = moment("occurred_at", event.get("occurred_at"), config.zone)
    resolved_at = occurred_at if is_change else moment("resolved", ticket.get("resolved"), config.zone)
    requestors = ticket.get("requestors")
    resolver = _person(event.get("actor")) if is_change and state == "resolved" else None
    values = {
        "source": config.source,
        "external_id": text(ticket.get("id")),
        "state": state,
        "updated_at": occurred_at,
        "update_number": _number("transaction_id", event.get("transaction_id")),
        "opened_at": moment("created", ticket.get("created"), config.zone),
        "responded_at": moment("started", ticket.get("started"), config.zone),
        "resolved_at": resolved_at if state == "resolved" else None,
        "due_at": moment("due", ticket.get("due"), config.zone),
        "title": text(ticket.get("subject"), 1000),
        "priority": text(ticket.get("priority")),
        "customer": text(requestors[0]) if isinstance(requestors, list) and requestors else None,
        "group": text(ticket.get("queue")),
        "resolver": resolver or _person(ticket.get("owner")),
    }
    return Reading((make_facts({**values, **described(event, config.field_map, config.zone)}),))


def _read_polled(
    event: Mapping[str, Any], ticket: Mapping[str, Any], history: list[Any], config: SourceConfig
) -> Reading:
    opened_at = moment("Created", ticket.get("Created"), config.zone)
    updated_at = moment("LastUpdated", ticket.get("LastUpdated"), config.zone) or opened_at
    if opened_at is None or updated_at is None:
        raise Unmappable("Created: is missing or null; ask for the field Created")
    state = _state(ticket.get("Status"), config)
    queue, requestors = ticket.get("Queue"), ticket.get("Requestor")
    values: dict[str, Any] = {
        "source": config.source,
        "external_id": text(ticket.get("id")),
        "state": state,
        "kind": kind_of(None),
        "opened_at": opened_at,
        "responded_at": moment("Started", ticket.get("Started"), config.zone),
        "due_at": moment("Due", ticket.get("Due"), config.zone),
        "title": text(ticket.get("Subject"), 1000),
        "priority": text(ticket.get("Priority")),
        "customer": _person(requestors[0]) if isinstance(requestors, list) and requestors else None,
        "group": text(member(queue, "Name")) or text(member(queue, "id")),
        "resolver": _person(ticket.get("Owner")),
        **described({**event, "ticket": ticket}, config.field_map, config.zone),
    }
    if not history:
        values |= {"updated_at": updated_at}
        if state == "resolved":
            values["resolved_at"] = moment("Resolved", ticket.get("Resolved"), config.zone)
        return Reading((make_facts(values),))
    numbers = [_number("history.id", member(item, "id")) or 0 for item in history]
    changes = [_change(item, config) for item in history if member(item, "Type") == "Status"]
    return Reading(tell_history(values, changes, updated_at=updated_at, update_number=max(numbers)))


def _change(item: Mapping[str, Any], config: SourceConfig) -> StateChange:
    at = moment("history.Created", item.get("Created"), config.zone)
    number = _number("history.id", item.get("id"))
    if at is None or number is None:
        raise Unmappable(
            "history: a transaction has no id or no Created; ask for fields=Type,OldValue,NewValue,Created"
        )
    before, after = _state(item.get("OldValue"), config), _state(item.get("NewValue"), config)
    return StateChange(number, at, before, after, _person(item.get("Creator")))


def _state(word: Any, config: SourceConfig) -> State:
    return find_state((text(word),), config.states, STATES)


def _number(name: str, value: Any) -> int | None:
    told = text(value)
    if told is None:
        return None
    if not told.isascii() or not told.isdigit():
        raise Unmappable(f"{name}: {told!r} is no whole number")
    return int(told)


def _person(user: Any) -> str | None:
    """A user's name; RT's own users are nobody."""
    name = text(user) if isinstance(user, str) else text(member(user, "id"))
    return None if name in _NOBODY else name
