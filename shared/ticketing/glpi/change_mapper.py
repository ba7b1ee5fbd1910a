"""Change requests in GLPI: our request as a Change's input, and how far one is. Texts are HTML, which GLPI 10 answers
escaped once more; times have no zone."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from shared.ticketing.change_mapping import (
    Told,
    describe_html,
    find_html_mark,
    first_word,
    headline,
    html_lines,
    judge,
    time_of,
)
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, require_object, text

STATES: dict[str, ChangeState] = {
    "1": "raised",
    "2": "raised",
    "3": "raised",
    "4": "raised",
    "5": "implemented",
    "6": "implemented",
    "7": "accepted",
    "8": "implemented",
    "9": "raised",
    "10": "raised",
    "11": "accepted",
    "12": "accepted",
    "13": "failed",
    "14": "failed",
}
"""By number: 1 new, 4 pending, 5 applied, 6 closed, 7 accepted, 8 review, 9 evaluation, 10 approval, 11 test,
12 qualification, 13 refused, 14 cancelled."""

_NAMES = {
    "1": "New",
    "4": "Pending",
    "5": "Applied",
    "6": "Closed",
    "7": "Accepted",
    "8": "Review",
    "9": "Evaluation",
    "10": "Approval",
    "11": "Testing",
    "12": "Qualification",
    "13": "Refused",
    "14": "Canceled",
}


def make_input(
    request: ChangeRequest, entity: int | None, category: int | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """What a change is created with; `fields` win."""
    made: dict[str, Any] = {"name": headline(request, 250), "rolloutplancontent": html_lines(request.plan)}
    if request.impact:
        made["impactcontent"] = html_lines(request.impact)
    if entity is not None:
        made["entities_id"] = entity
    if category is not None:
        made["itilcategories_id"] = category
    return {**made, **fields, "content": describe_html(request)}


def read_outcome(change: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ChangeOutcome | None:
    """How far it is. Raises `Unmappable`."""
    return judge(_told(require_object(change), zone), states, STATES)


def read_told(payload: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ToldOutcome | None:
    """GLPI 11's webhook `{event, item}`. Tickets and changes are numbered apart and the body does not say which it is
    of, so that only one with our mark counts; None for any other.

    Raises:
        Unmappable: ours, without id or status.
    """
    event = require_object(payload)
    item = event.get("item")
    if not isinstance(item, Mapping):
        raise Unmappable("item: is missing; let the webhook use GLPI's default payload")
    correlation_id = find_html_mark(item.get("content"), item.get("name"))
    if correlation_id is None:
        return None
    external_id = text(item.get("id"))
    if event.get("event") == "delete":
        outcome = ChangeOutcome("failed", None, "the change was deleted in GLPI")
        return ToldOutcome(correlation_id, external_id, "deleted", outcome)
    told = _told(item, zone)
    return ToldOutcome(correlation_id, external_id, first_word(told.words), judge(told, states, STATES))


def _told(change: Mapping[str, Any], zone: tzinfo) -> Told:
    """Version 1 has `solvedate` and `closedate`, and a status by number; webhooks have `{id, name}` for it, and no time
    but that of the update that made it so."""
    status = change.get("status")
    number = text(member(status, "id")) if isinstance(status, Mapping) else text(status)
    if number is None:
        raise Unmappable("status: is missing")
    names = ("solvedate", "closedate", "date_mod")
    times = (time_of(name, change.get(name), zone) for name in names)
    at = next((time for time in times if time is not None), None)
    label = text(member(status, "name")) or _NAMES.get(number)
    reason = f"GLPI says '{label}' (status {number})" if label else None
    return Told((number, label), at, reason)
