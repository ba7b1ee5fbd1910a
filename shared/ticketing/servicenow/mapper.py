"""ServiceNow's records as ticket facts: as a business rule posts them and as the Table API gives them.

Every value is text, times are `YYYY-MM-DD HH:MM:SS` without zone, `""` is null, references are `{link, value}` or,
asked for with display values, `{display_value, value}`. `made_sla` is settled when the record is closed, not before.
"""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.changes import find_mark
from shared.ticketing.echo import tell_own
from shared.ticketing.facts import State, Unmappable
from shared.ticketing.mapping import described, find_state, kind_of, make_facts, moment, require_object, text
from shared.ticketing.servicenow.change_mapper import DISPLAY, value_of
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "1": "new",
    "2": "in_progress",
    "3": "pending",
    "4": "pending",
    "5": "pending",
    "6": "resolved",
    "7": "closed",
    "8": "cancelled",
    "new": "new",
    "active": "in_progress",
    "in progress": "in_progress",
    "on hold": "pending",
    "awaiting problem": "pending",
    "awaiting user info": "pending",
    "awaiting evidence": "pending",
    "awaiting vendor": "pending",
    "resolved": "resolved",
    "closed": "closed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
"""`incident_state`, by its value or its label."""

_NEEDED = ("number", "sys_updated_on", "opened_at")
_BOOLEANS = {"true": True, "false": False}


def map_record(payload: Any, config: SourceConfig) -> Reading:
    """One record, bare or as `result`.

    Raises:
        Unmappable: names the field and what would be right.
    """
    record = require_object(payload)
    record = record.get("result", record) if "number" not in record else record
    if not isinstance(record, Mapping):
        raise Unmappable(f"result: is a {type(record).__name__}, and must be one record")
    own = _own(record)
    if own is not None:
        return own
    missing = [name for name in _NEEDED if value_of(record, name) is None]
    if missing:
        raise Unmappable(f"{missing[0]}: is missing or empty; post the whole record")
    words = (value_of(record, "incident_state") or value_of(record, "state"), _shown(record, "incident_state"))
    state = find_state(words, config.states, STATES)
    is_done, is_closed = state in ("resolved", "closed"), state == "closed"

    def time_of(name: str) -> Any:
        return moment(name, value_of(record, name), config.zone)

    values: dict[str, Any] = {
        "source": config.source,
        "external_id": value_of(record, "number"),
        "state": state,
        "kind": kind_of(value_of(record, "sys_class_name")),
        "updated_at": time_of("sys_updated_on"),
        "update_number": _count(record, "sys_mod_count"),
        "opened_at": time_of("opened_at"),
        "resolved_at": time_of("resolved_at") if is_done else None,
        "closed_at": time_of("closed_at") if is_closed else None,
        "due_at": time_of("sla_due") or time_of("due_date"),
        "reported_reopen_count": _count(record, "reopen_count"),
        "sla_met": _BOOLEANS.get((value_of(record, "made_sla") or "").lower()) if is_closed else None,
        "title": text(value_of(record, "short_description"), 1000),
        "priority": _shown(record, "priority"),
        "service": _shown(record, "business_service") or _shown(record, "cmdb_ci"),
        "customer": _shown(record, "company") or _shown(record, "caller_id"),
        "group": _shown(record, "assignment_group"),
        "resolver": _shown(record, "resolved_by") if is_done else _shown(record, "assigned_to"),
        "category": value_of(record, "category"),
        "cause": _shown(record, "close_code") if is_done else None,
    }
    if "resolved_at" in record:
        values["reported_resolved_at"] = time_of("resolved_at") if is_done else None
    return Reading((make_facts({**values, **described(record, config.field_map, config.zone)}),))


def _own(record: Mapping[str, Any]) -> Reading | None:
    texts = (value_of(record, name) for name in ("short_description", "description"))
    is_ours = value_of(record, "correlation_display") == DISPLAY
    return tell_own((value_of(record, "correlation_id") if is_ours else None) or find_mark(*texts))


def _shown(record: Mapping[str, Any], name: str) -> str | None:
    """As people see it, where that was sent; else the stored value."""
    found = record.get(name)
    shown = text(found.get("display_value")) if isinstance(found, Mapping) else None
    return shown or text(value_of(record, name))


def _count(record: Mapping[str, Any], name: str) -> int | None:
    value = value_of(record, name)
    if value is None:
        return None
    plain = value.replace(",", "")
    if not plain.isascii() or not plain.isdigit():
        raise Unmappable(f"{name}: {value!r} is no whole number")
    return int(plain)
