"""Change requests in iTop: our request as a Change's fields, and how far one is. Its texts are HTML, its times without
zone. The states are those of its change management, ITIL (NormalChange …) and simple (Change) alike."""

from collections.abc import Mapping
from datetime import tzinfo
from html import unescape
from typing import Any

from shared.ticketing.change_mapping import Told, describe_html, find_html_mark, first_word, headline, judge, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, require_object, text

STATES: dict[str, ChangeState] = {
    "new": "raised",
    "validated": "raised",
    "assigned": "raised",
    "planned": "raised",
    "plannedscheduled": "raised",
    "approved": "accepted",
    "implemented": "implemented",
    "monitored": "implemented",
    "closed": "implemented",
    "rejected": "failed",
    "notapproved": "failed",
}
"""`status` by its code."""

_LONGEST_TEXT = 4000
"""Of each of the four texts: escaped, all of them must fit into iTop's 65,535 bytes."""


def make_fields(request: ChangeRequest, organization: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a change is created with; `fields` win."""
    made: dict[str, Any] = {
        "org_id": int(organization) if organization.isdecimal() else {"name": organization},
        "title": headline(request, 250),
    }
    if request.planned_start:
        made["start_date"] = f"{request.planned_start.isoformat()} 00:00:00"
    if request.planned_end and not (request.planned_start and request.planned_end < request.planned_start):
        made["end_date"] = f"{request.planned_end.isoformat()} 23:59:59"
    return {**made, **fields, "description": describe_html(request, _LONGEST_TEXT)}


def read_outcome(fields: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ChangeOutcome | None:
    """How far it is. Raises `Unmappable`."""
    return judge(_told(require_object(fields), zone), states, STATES)


def read_told(payload: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ToldOutcome | None:
    """What iTop's webhook action posts: a change's fields, bare or as `fields` beside `class`; its body is written in
    iTop, so that it must name `ref` and `status`. None for another class.

    Raises:
        Unmappable: names the field that is missing.
    """
    body = require_object(payload)
    inner = member(body, "fields")
    fields: Mapping[str, Any] = inner if isinstance(inner, Mapping) else body
    name = text(body.get("class")) or text(fields.get("finalclass"))
    correlation_id = find_html_mark(fields.get("description"), fields.get("title"))
    if correlation_id is None and not (name or "").endswith("Change"):
        return None
    ref = text(fields.get("ref"))
    if ref is None and correlation_id is None:
        raise Unmappable("ref: is missing; let the webhook's payload hold $this->ref$ and $this->status$")
    told = _told(fields, zone)
    return ToldOutcome(correlation_id, ref, first_word(told.words), judge(told, states, STATES))


def _told(fields: Mapping[str, Any], zone: tzinfo) -> Told:
    """A change has no time of its own for having been done: while it is not closed, its last update stands for it."""
    status = text(fields.get("status"))
    if status is None:
        raise Unmappable("status: is missing or empty")
    at = time_of("close_date", fields.get("close_date"), zone) or time_of(
        "last_update", fields.get("last_update"), zone
    )
    comment = fields.get("approval_comment") or fields.get("acceptance_comment")
    return Told((status,), at, unescape(comment) if isinstance(comment, str) else None)
