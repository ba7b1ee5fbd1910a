"""Redmine's issues with their journals as ticket facts.

`Resolved` is not closed, and `closed_on` is set only when an issue is closed. Journals tell a state change by the
number of the status; what each number is called stands in `statuses`, which the poll sends along. An issue that is
closed although nobody called it resolved is resolved by that; a rejected one is cancelled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.ticketing.echo import ignore_own
from shared.ticketing.facts import State, Unmappable
from shared.ticketing.history import StateChange, tell_history
from shared.ticketing.mapping import described, end_of_day, find_state, kind_of, member, moment, require_object, text
from shared.ticketing.sources import Reading, SourceConfig

STATES: dict[str, State] = {
    "new": "new",
    "in progress": "in_progress",
    "feedback": "pending",
    "resolved": "resolved",
    "closed": "closed",
    "rejected": "cancelled",
    "新建": "new",
    "进行中": "in_progress",
    "反馈": "pending",
    "已解决": "resolved",
    "已关闭": "closed",
    "已拒绝": "cancelled",
}
"""Statuses by the names that Redmine's own data gives them, in English and Chinese."""

_FRESH: dict[str, State] = {
    "1": "new",
    "2": "in_progress",
    "3": "resolved",
    "4": "pending",
    "5": "closed",
    "6": "cancelled",
}
"""By the numbers of a fresh Redmine: used only where nobody says what a number is called."""


def map_issue(payload: Any, config: SourceConfig) -> Reading:
    """`{issue, statuses}` as polled, or an issue as the REST interface gives it.

    Raises:
        Unmappable: names the field and what would be right.
    """
    event = require_object(payload)
    issue = event.get("issue")
    if not isinstance(issue, Mapping):
        raise Unmappable("issue: is missing; an issue as issues/NUMBER.json?include=journals gives it is right")
    own = ignore_own(text(issue.get("subject"), 1000))
    if own is not None:
        return own
    names = _names(event.get("statuses"), issue)
    opened_at = moment("created_on", issue.get("created_on"), config.zone)
    updated_at = moment("updated_on", issue.get("updated_on"), config.zone)
    if opened_at is None or updated_at is None:
        raise Unmappable("created_on and updated_on: one of them is missing or null")
    state = _state(text(member(issue, "status", "id")), names, config)
    journals = issue.get("journals")
    entries = [entry for entry in journals if isinstance(entry, Mapping)] if isinstance(journals, list) else []
    values: dict[str, Any] = {
        "source": config.source,
        "external_id": text(issue.get("id")),
        "state": state,
        "kind": kind_of(text(member(issue, "tracker", "name"))),
        "opened_at": opened_at,
        "due_at": end_of_day("due_date", issue.get("due_date"), config.zone),
        "title": text(issue.get("subject"), 1000),
        "priority": text(member(issue, "priority", "name")),
        "customer": text(member(issue, "author", "name")),
        "project": text(member(issue, "project", "name")),
        "resolver": text(member(issue, "assigned_to", "name")),
        "category": text(member(issue, "category", "name")),
        **described(event, config.field_map, config.zone),
    }
    numbers = [_number(entry) for entry in entries]
    changes = [change for entry in entries for change in _changes(entry, names, config)]
    facts = tell_history(values, changes, updated_at=updated_at, update_number=max(numbers, default=0))
    return Reading(facts)


def _names(statuses: Any, issue: Mapping[str, Any]) -> dict[str, str]:
    """What each status's number is called: all of them where the poll sent the list, else the present one."""
    known = statuses if isinstance(statuses, list) else [issue.get("status")]
    pairs = ((text(member(status, "id")), text(member(status, "name"))) for status in known)
    return {number: name for number, name in pairs if number and name}


def _changes(entry: Mapping[str, Any], names: Mapping[str, str], config: SourceConfig) -> Sequence[StateChange]:
    details = entry.get("details")
    at = moment("journals.created_on", entry.get("created_on"), config.zone)
    found = []
    for detail in details if isinstance(details, list) else []:
        if member(detail, "property") != "attr" or member(detail, "name") != "status_id":
            continue
        if at is None:
            raise Unmappable("journals: an entry has no created_on")
        before = _state(text(member(detail, "old_value")), names, config)
        after = _state(text(member(detail, "new_value")), names, config)
        found.append(StateChange(_number(entry), at, before, after, text(member(entry, "user", "name"))))
    return found


def _state(number: str | None, names: Mapping[str, str], config: SourceConfig) -> State:
    name = names.get(number or "")
    return find_state((name, number), config.states, STATES if name else {**STATES, **_FRESH})


def _number(entry: Mapping[str, Any]) -> int:
    told = text(entry.get("id"))
    if told is None or not told.isascii() or not told.isdigit():
        raise Unmappable(f"journals: {entry.get('id')!r} is no number of an entry")
    return int(told)
