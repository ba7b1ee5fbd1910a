"""iTop's incidents and user requests as ticket facts, as its REST gives them or its webhook action posts them.

`ref` is the number; times have no zone; `sla_ttr_passed` says that the deadline of the resolution went by.
"""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.change_mapping import find_html_mark
from shared.ticketing.echo import tell_own
from shared.ticketing.facts import Kind, State, Unmappable
from shared.ticketing.mapping import described, find_state, make_facts, moment, require_object, text
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "new": "new",
    "escalated_tto": "new",
    "assigned": "in_progress",
    "escalated_ttr": "in_progress",
    "dispatched": "in_progress",
    "redispatched": "in_progress",
    "approved": "in_progress",
    "pending": "pending",
    "waiting_for_approval": "pending",
    "resolved": "resolved",
    "closed": "closed",
    "rejected": "cancelled",
}
"""`status` by its code."""

_PRIORITIES = {"1": "critical", "2": "high", "3": "medium", "4": "low"}
_PASSED = {"yes": False, "1": False, "true": False, "no": True, "0": True, "false": True}
"""What `sla_ttr_passed` says of the agreement: once the deadline has passed, it is not met."""


def map_object(payload: Any, config: SourceConfig) -> Reading:
    """An object with its `fields`, or the fields alone.

    Raises:
        Unmappable: names the field and what would be right.
    """
    body = require_object(payload)
    inner = body.get("fields")
    fields: Mapping[str, Any] = inner if isinstance(inner, Mapping) else body
    own = tell_own(find_html_mark(fields.get("description"), fields.get("title")))
    if own is not None:
        return own
    if text(fields.get("ref")) is None:
        raise Unmappable("ref: is missing; let the payload hold ref, status, start_date and last_update")
    name = text(fields.get("finalclass")) or text(body.get("class")) or "Incident"
    if name.endswith("Change") or name in ("Problem", "WorkOrder"):
        return Reading((), f"a {name} is no incident")
    state = find_state((text(fields.get("status")),), config.states, STATES)
    values = {**_describe(fields, state, config), "kind": _kind(name, fields), "state": state}
    return Reading((make_facts({**values, **described(fields, config.field_map, config.zone)}),))


def _kind(name: str, fields: Mapping[str, Any]) -> Kind:
    is_request = name == "UserRequest" and text(fields.get("request_type")) != "incident"
    return "request" if is_request else "incident"


def _describe(fields: Mapping[str, Any], state: State, config: SourceConfig) -> dict[str, Any]:
    is_done, is_closed = state in ("resolved", "closed"), state == "closed"

    def time_of(name: str) -> Any:
        return moment(name, fields.get(name), config.zone)

    values = {
        "source": config.source,
        "external_id": text(fields.get("ref")),
        "updated_at": time_of("last_update"),
        "opened_at": time_of("start_date"),
        "responded_at": time_of("assignment_date"),
        "resolved_at": time_of("resolution_date") if is_done else None,
        "closed_at": time_of("close_date") if is_closed else None,
        "due_at": time_of("ttr_escalation_deadline"),
        "sla_met": _PASSED.get((text(fields.get("sla_ttr_passed")) or "").lower()) if is_done else None,
        "title": text(fields.get("title"), 1000),
        "priority": _PRIORITIES.get(text(fields.get("priority")) or "", text(fields.get("priority"))),
        "service": text(fields.get("service_name")),
        "customer": text(fields.get("org_name")) or text(fields.get("caller_name")),
        "group": text(fields.get("team_name")),
        "resolver": text(fields.get("agent_name")),
        "category": text(fields.get("servicesubcategory_name")),
        "cause": text(fields.get("resolution_code")) if is_done else None,
    }
    if "resolution_date" in fields:
        values["reported_resolved_at"] = time_of("resolution_date") if is_done else None
    return values
