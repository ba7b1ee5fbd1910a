"""Jira's webhooks, Cloud and Server, as ticket facts.

The event's name cannot be relied on: Server says `issue_resolved` where Cloud says `issue_generic`. So the state is
read from the issue: its status says how far it is, and a resolution that is not null that it is resolved; both
`resolution` and `resolutiondate` are null again after a reopen. Without a resolution a status of the category `done` is
no resolution (Jira itself calls such an issue unresolved).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.ticketing.echo import tell_own
from shared.ticketing.facts import State, TicketFacts, Unmappable
from shared.ticketing.jira.change_mapper import find_correlation_id
from shared.ticketing.mapping import (
    described,
    end_of_day,
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
    "open": "new",
    "to do": "new",
    "in progress": "in_progress",
    "reopened": "in_progress",
    "resolved": "resolved",
    "pending": "pending",
    "on hold": "pending",
    "waiting for customer": "pending",
    "waiting for support": "in_progress",
    "waiting for approval": "pending",
    "closed": "closed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "declined": "cancelled",
    "new": "new",
    "indeterminate": "in_progress",
    "done": "resolved",
}
"""Statuses by name; then by the key of their category (new, indeterminate, done)."""

_ISSUE_EVENTS = "jira:issue_"
_DELETED = "jira:issue_deleted"


def map_event(payload: Any, config: SourceConfig) -> Reading:
    """A webhook's body, or an issue as an automation rule or the REST interface gives it.

    Raises:
        Unmappable: names the field and what would be right.
    """
    event = require_object(payload)
    name = event.get("webhookEvent")
    if name is not None and not str(name).startswith(_ISSUE_EVENTS):
        return Reading((), f"{str(name)[:100]} tells nothing of an issue's state")
    issue = event if name is None and "fields" in event else event.get("issue")
    if not isinstance(issue, Mapping) or not isinstance(issue.get("fields"), Mapping):
        raise Unmappable("issue.fields: is missing; send Jira's own webhook body, or the issue with its fields")
    own = tell_own(find_correlation_id(issue["fields"]))
    if own is not None:
        return own
    values = _read_issue(event, issue, config)
    if name == _DELETED:
        if values["state"] in ("resolved", "closed"):
            return Reading((), "a resolved issue was deleted; its resolution stays")
        values |= {"state": "cancelled", "updated_at": _occurred_at(event) or values["updated_at"]}
    return Reading((_facts(values, event, issue, config),))


def _facts(
    values: dict[str, Any], event: Mapping[str, Any], issue: Mapping[str, Any], config: SourceConfig
) -> TicketFacts:
    whole = {**event, "issue": issue}
    return make_facts({**values, **described(whole, config.field_map, config.zone)})


def _read_issue(event: Mapping[str, Any], issue: Mapping[str, Any], config: SourceConfig) -> dict[str, Any]:
    fields: Mapping[str, Any] = issue["fields"]
    state = _state(fields, config)
    resolved_at = moment("resolutiondate", fields.get("resolutiondate"), config.zone)
    is_done = state in ("resolved", "closed")
    updated_at = moment("updated", fields.get("updated"), config.zone)
    components = fields.get("components")
    return {
        "source": config.source,
        "external_id": text(issue.get("key")),
        "state": state,
        "kind": kind_of(text(member(fields, "issuetype", "name"))),
        "updated_at": updated_at,
        "opened_at": moment("created", fields.get("created"), config.zone),
        "resolved_at": resolved_at if is_done else None,
        "due_at": end_of_day("duedate", fields.get("duedate"), config.zone),
        "title": text(fields.get("summary"), 1000),
        "priority": text(member(fields, "priority", "name")),
        "service": text(member(components[0], "name")) if isinstance(components, list) and components else None,
        "customer": _person(fields.get("reporter")),
        "project": text(member(fields, "project", "key")),
        "resolver": _resolver(event, fields, is_resolved=is_done),
        "cause": text(member(fields, "resolution", "name")) if is_done else None,
    }


def _state(fields: Mapping[str, Any], config: SourceConfig) -> State:
    """By the status's name, then its category; resolved and closed only with a resolution."""
    name = text(member(fields, "status", "name"))
    category = text(member(fields, "status", "statusCategory", "key"))
    state = find_state((name, category), config.states, STATES)
    if state in ("resolved", "closed") and fields.get("resolution") is None:
        return "in_progress"
    return state


def _resolver(event: Mapping[str, Any], fields: Mapping[str, Any], *, is_resolved: bool) -> str | None:
    """Who set the resolution in this very event; else whom the issue is assigned to."""
    items = member(event, "changelog", "items")
    for item in items if isinstance(items, list) else []:
        if is_resolved and member(item, "field") == "resolution" and member(item, "to") is not None:
            return _person(event.get("user")) or _person(fields.get("assignee"))
    return _person(fields.get("assignee"))


def _person(user: Any) -> str | None:
    return text(member(user, "displayName")) or text(member(user, "name")) or text(member(user, "accountId"))


def _occurred_at(event: Mapping[str, Any]) -> datetime | None:
    """The webhook's own time, in milliseconds."""
    stamp = event.get("timestamp")
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 < stamp < 7_000_000_000_000:
        return None
    return datetime.fromtimestamp(stamp / 1000, UTC)
