"""GLPI 11's webhooks as ticket facts: `{event, item, parent_item?}`, with the item in the words of its newer interface.

They are sent by a job of GLPI's, late, and hold no difference: what changed follows from what is stored. Only a
ticket has a `type`; a change, a problem, a task or a followup has none.
"""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.change_mapping import find_html_mark
from shared.ticketing.echo import tell_own
from shared.ticketing.facts import Kind, State, Unmappable
from shared.ticketing.mapping import described, find_state, make_facts, member, moment, require_object, text
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "1": "new",
    "2": "in_progress",
    "3": "in_progress",
    "4": "pending",
    "5": "resolved",
    "6": "closed",
}
"""By number: new, assigned, planned, pending, solved, closed. Names come in GLPI's own language."""

_KINDS: dict[str, Kind] = {"1": "incident", "2": "request"}
_PRIORITIES = {"1": "very low", "2": "low", "3": "medium", "4": "high", "5": "very high", "6": "major"}


def map_event(payload: Any, config: SourceConfig) -> Reading:
    """A webhook's body.

    Raises:
        Unmappable: names the field and what would be right.
    """
    event = require_object(payload)
    item = event.get("item")
    if not isinstance(item, Mapping):
        raise Unmappable("item: is missing; let the webhook use GLPI's default payload")
    own = tell_own(find_html_mark(item.get("content"), item.get("name")))
    if own is not None:
        return own
    kind = _KINDS.get(text(item.get("type")) or "")
    if kind is None:
        return Reading((), "this is no ticket: choose the item type Ticket for the webhook")
    status = item.get("status")
    words = (text(member(status, "name")), text(member(status, "id")), text(status))
    state = find_state(words, config.states, STATES)
    if event.get("event") == "delete":
        if state in ("resolved", "closed"):
            return Reading((), "a resolved ticket was deleted; its resolution stays")
        state = "cancelled"
    values = {**_describe(item, config), "kind": kind, "state": state}
    return Reading((make_facts({**values, **described(event, config.field_map, config.zone)}),))


def _describe(item: Mapping[str, Any], config: SourceConfig) -> dict[str, Any]:
    def time_of(name: str) -> Any:
        return moment(name, item.get(name), config.zone)

    priority = text(item.get("priority"))
    return {
        "source": config.source,
        "external_id": text(item.get("id")),
        "updated_at": time_of("date_mod"),
        "opened_at": time_of("date") or time_of("date_creation"),
        "title": text(item.get("name"), 1000),
        "priority": _PRIORITIES.get(priority or "", priority),
        "customer": text(member(item, "entity", "completename")) or text(member(item, "entity", "name")),
        "category": text(member(item, "category", "name")),
        "group": _member_of_team(item, "Group"),
        "resolver": _member_of_team(item, "User"),
    }


def _member_of_team(item: Mapping[str, Any], kind: str) -> str | None:
    """The first group or person that it is assigned to."""
    team = item.get("team")
    for one in team if isinstance(team, list) else []:
        if member(one, "type") == kind and member(one, "role") == "assigned":
            return text(member(one, "display_name")) or text(member(one, "name"))
    return None
