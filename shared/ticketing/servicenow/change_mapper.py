"""Change requests of ServiceNow: our request as a record, and how far a record is.

Its change API gives every field as `{display_value, value}`, a business rule posts plain strings; numbers come as
`-5`, `"-5"` or `-5.0`, times as `YYYY-MM-DD HH:MM:SS` without zone, and `""` is null.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from shared.ticketing.change_mapping import Told, describe, first_word, headline, judge, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome, find_mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import require_object, text

STATES: dict[str, ChangeState] = {
    "-5": "raised",
    "-4": "raised",
    "-3": "raised",
    "-2": "accepted",
    "-1": "accepted",
    "0": "accepted",
    "3": "implemented",
    "4": "failed",
    "new": "raised",
    "assess": "raised",
    "authorize": "raised",
    "scheduled": "accepted",
    "implement": "accepted",
    "review": "accepted",
    "closed": "implemented",
    "canceled": "failed",
    "cancelled": "failed",
    "approved": "accepted",
    "rejected": "failed",
    "successful": "implemented",
    "successful_issues": "implemented",
    "unsuccessful": "failed",
}
"""`state` by value or label; `approval` where it is approved or rejected, and `close_code` of what is closed."""

DISPLAY = "ratchet"
_LONGEST_TEXT = 850
"""Of each of the four texts in a description of 4,000 characters; three of them have fields of their own as well."""
_CLOSED = frozenset({"3", "closed"})
_UNDECIDED = frozenset({"-5", "-4", "-3", "new", "assess", "authorize"})


def make_record(request: ChangeRequest, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The record to create; `fields` win, except over our id."""
    record: dict[str, Any] = {
        "short_description": headline(request, 160),
        "description": describe(request, _LONGEST_TEXT)[-4000:],
        "justification": request.problem[:4000],
        "implementation_plan": request.plan[:4000],
    }
    if request.impact:
        record["risk_impact_analysis"] = request.impact[:4000]
    if request.planned_start:
        record["start_date"] = f"{request.planned_start.isoformat()} 00:00:00"
    if request.planned_end and not (request.planned_start and request.planned_end < request.planned_start):
        record["end_date"] = f"{request.planned_end.isoformat()} 23:59:59"
    return {**record, **fields, "correlation_id": request.correlation_id, "correlation_display": DISPLAY}


def carries(record: Any, correlation_id: str) -> bool:
    """Whether this record is that of this id: ServiceNow answers everything to a query that it does not understand."""
    if not isinstance(record, Mapping):
        return False
    return value_of(record, "correlation_id") == correlation_id or (
        find_mark(value_of(record, "description")) == correlation_id
    )


def read_outcome(record: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ChangeOutcome | None:
    """How far it is; None for a state that nobody mapped. Raises `Unmappable`."""
    return judge(_told(require_object(record), zone), states, STATES)


def read_told(payload: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ToldOutcome | None:
    """The record as a business rule posts it, bare or as `result`; None for one of another table.

    Raises:
        Unmappable: a change without number or state.
    """
    record = require_object(payload)
    inner = record.get("result") or record.get("record")
    if "number" not in record and isinstance(inner, Mapping):
        record = inner
    number = value_of(record, "number")
    table = value_of(record, "sys_class_name") or ("change_request" if (number or "").startswith("CHG") else None)
    correlation_id = value_of(record, "correlation_id") or find_mark(value_of(record, "description"))
    if table not in ("change_request", None) or (table is None and correlation_id is None):
        return None
    if number is None:
        raise Unmappable("number: is missing or empty; post the whole record of the change")
    told = _told(record, zone)
    return ToldOutcome(correlation_id, number, first_word(told.words), judge(told, states, STATES))


def _told(record: Mapping[str, Any], zone: tzinfo) -> Told:
    state, label = number_of(record, "state"), shown_of(record, "state")
    if state is None:
        raise Unmappable("state: is missing or empty; the user must be allowed to read it")
    words: list[str | None] = [state, label]
    decided = {state.lower(), (label or "").lower()}
    approval = value_of(record, "approval")
    if decided & _CLOSED:
        words.insert(0, value_of(record, "close_code"))
    elif approval == "rejected" or (approval == "approved" and decided & _UNDECIDED):
        words.insert(0, approval)
    done_at = time_of("work_end", value_of(record, "work_end"), zone) or time_of(
        "closed_at", value_of(record, "closed_at"), zone
    )
    notes = value_of(record, "close_notes") if decided & _CLOSED else None
    return Told(tuple(words), done_at, notes or f"ServiceNow says '{words[0] if len(words) > 2 else label or state}'")


def value_of(record: Mapping[str, Any], name: str) -> str | None:
    """The stored value."""
    found = record.get(name)
    if isinstance(found, Mapping):
        found = found.get("value", found.get("display_value"))
    return text(found, 20_000)


def number_of(record: Mapping[str, Any], name: str) -> str | None:
    """A stored number as people know it: `-5.0` is `-5`."""
    stored = value_of(record, name)
    return stored.removesuffix(".0") if stored else None


def shown_of(record: Mapping[str, Any], name: str) -> str | None:
    """As people see it, where that was sent."""
    found = record.get(name)
    return text(found.get("display_value")) if isinstance(found, Mapping) else None
