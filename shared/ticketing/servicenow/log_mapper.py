"""ServiceNow's incident event log as CSV: one row per update of an incident (UCI dataset 498 has this form).

Every row already carries the incident's final `resolved_at`, `closed_at` and `resolved_by`, so what happened when is
read from `sys_updated_at` and `incident_state` alone. `made_sla` is settled when the incident is closed, not before.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache

from pydantic import ValidationError

from shared.ticketing.facts import State, TicketFacts, Unmappable

COLUMNS = frozenset({"number", "incident_state", "sys_updated_at", "opened_at"})
"""Without these columns a file is no such log."""

_STATES: dict[str, State] = {
    "New": "new",
    "Active": "in_progress",
    "Awaiting User Info": "pending",
    "Awaiting Vendor": "pending",
    "Awaiting Problem": "pending",
    "Awaiting Evidence": "pending",
    "Resolved": "resolved",
    "Closed": "closed",
    "Canceled": "cancelled",
}
_NULL = frozenset({"", "?"})
_BOOLEANS = {"true": True, "false": False}


def map_row(row: Mapping[str, str | None], source: str, zone: tzinfo) -> TicketFacts:
    """One row as ticket facts; times without zone are read in `zone`.

    Raises:
        Unmappable: names the column, what stands there and what would be right.
    """
    if None in row.values() or None in row:
        raise Unmappable("the row has not as many fields as the header")
    state_text = _get(row, "incident_state")
    state = _STATES.get(state_text or "")
    if state is None:
        raise Unmappable(f"incident_state: {state_text!r} is no state of an incident; one of {', '.join(_STATES)} is")
    is_done = state in ("resolved", "closed")
    try:
        return TicketFacts(
            source=source,
            external_id=_require(row, "number"),
            state=state,
            updated_at=_time(row, "sys_updated_at", zone, required=True),
            update_number=_count(row, "sys_mod_count"),
            priority=_get(row, "priority"),
            service=_get(row, "cmdb_ci"),
            customer=_get(row, "caller_id"),
            group=_get(row, "assignment_group"),
            resolver=_get(row, "resolved_by") if is_done else None,
            category=_get(row, "category"),
            cause=_get(row, "closed_code") if is_done else None,
            opened_at=_time(row, "opened_at", zone, required=True),
            closed_at=_time(row, "closed_at", zone) if state == "closed" else None,
            reported_resolved_at=_time(row, "resolved_at", zone),
            reported_reopen_count=_count(row, "reopen_count"),
            sla_met=_boolean(row, "made_sla") if state == "closed" else None,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "row"
        raise Unmappable(f"{where}: {first['msg']}") from error


def _get(row: Mapping[str, str | None], column: str) -> str | None:
    value = row.get(column)
    return None if value is None or value in _NULL else value


def _require(row: Mapping[str, str | None], column: str) -> str:
    value = _get(row, column)
    if value is None:
        raise Unmappable(f"{column}: is empty, and must not be")
    return value


def _time(row: Mapping[str, str | None], column: str, zone: tzinfo, *, required: bool = False) -> datetime | None:
    value = _require(row, column) if required else _get(row, column)
    if value is None:
        return None
    try:
        return _parse_time(value, zone)
    except ValueError as error:
        raise Unmappable(f"{column}: {value!r} is no time of the form day/month/year hour:minute") from error


@lru_cache(maxsize=65536)
def _parse_time(value: str, zone: tzinfo) -> datetime:
    day, time = value.split(" ")
    d, m, y = day.split("/")
    hour, minute = time.split(":")[:2]
    return datetime(int(y), int(m), int(d), int(hour), int(minute), tzinfo=zone)


def _count(row: Mapping[str, str | None], column: str) -> int | None:
    value = _get(row, column)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit():
        raise Unmappable(f"{column}: {value!r} is no whole number")
    return int(value)


def _boolean(row: Mapping[str, str | None], column: str) -> bool | None:
    value = _get(row, column)
    if value is None:
        return None
    if value.lower() not in _BOOLEANS:
        raise Unmappable(f"{column}: {value!r} is neither true nor false")
    return _BOOLEANS[value.lower()]
