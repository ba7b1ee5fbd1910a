"""Change requests in Jira: our request as an issue's fields, and how far an issue is.

REST 3 (Cloud) takes texts as Atlassian's document format, REST 2 (Server, Data Center, and Cloud too) as plain text.
Labels hold no blanks, so that an id goes into one as in an address.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any
from urllib.parse import quote, unquote

from shared.ticketing.change_mapping import Told, describe, first_word, headline, judge, paragraphs, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome, find_mark, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, require_object, text

STATES: dict[str, ChangeState] = {
    "planning": "raised",
    "awaiting approval": "raised",
    "waiting for approval": "raised",
    "awaiting cab approval": "raised",
    "authorize": "raised",
    "peer review": "raised",
    "peer review / change manager approval": "raised",
    "declined": "failed",
    "rejected": "failed",
    "canceled": "failed",
    "cancelled": "failed",
    "failed": "failed",
    "won't do": "failed",
    "won't fix": "failed",
    "duplicate": "failed",
    "incomplete": "failed",
    "cannot reproduce": "failed",
    "known error": "failed",
    "category:new": "raised",
    "category:indeterminate": "accepted",
    "category:done": "implemented",
}
"""Statuses and resolutions by name; then `category:` and the key of the status's category, which every status has."""

_LABEL = "ratchet-"
_LONGEST_TEXT = 6000
"""Of each of the four texts: Jira refuses a description of more than 32,767 characters."""


def label_of(correlation_id: str) -> str:
    """The label that an issue carries."""
    return _LABEL + quote(correlation_id, safe=":")


def make_fields(
    request: ChangeRequest, project: str, issue_type: str, fields: Mapping[str, Any], *, is_document: bool
) -> dict[str, Any]:
    """What an issue is created with; `fields` win, and their labels come beside ours."""
    labels = fields.get("labels")
    return {
        "project": {"key": project},
        "issuetype": {"name": issue_type},
        "summary": headline(request, 250),
        "description": _document(request) if is_document else describe(request, _LONGEST_TEXT),
        **fields,
        "labels": [*(labels if isinstance(labels, list) else []), label_of(request.correlation_id)],
    }


def _document(request: ChangeRequest) -> dict[str, Any]:
    """The request in Atlassian's document format; a text node may be neither empty nor hold line breaks."""
    blocks = [_paragraph(request.number)]
    for heading, content in paragraphs(request, _LONGEST_TEXT):
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        blocks.append(_paragraph(f"{heading}: ", lines[0] if lines else "-"))
        blocks += [_paragraph(line) for line in lines[1:]]
    blocks.append(_paragraph(mark(request.correlation_id)))
    return {"type": "doc", "version": 1, "content": blocks}


def _paragraph(*texts: str) -> dict[str, Any]:
    nodes: list[dict[str, Any]] = [{"type": "text", "text": content} for content in texts]
    if len(nodes) > 1:
        nodes[0]["marks"] = [{"type": "strong"}]
    return {"type": "paragraph", "content": nodes}


def flatten(value: Any) -> str:
    """A text of either kind as plain text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(flatten, value))
    if isinstance(value, Mapping):
        own = value.get("text")
        ending = "\n" if value.get("type") == "paragraph" else ""
        return (own if isinstance(own, str) else "") + flatten(value.get("content", [])) + ending
    return ""


def find_correlation_id(fields: Mapping[str, Any]) -> str | None:
    """Ours, from the label or the mark in the description."""
    labels = fields.get("labels")
    for label in labels if isinstance(labels, list) else []:
        if isinstance(label, str) and label.startswith(_LABEL):
            return unquote(label.removeprefix(_LABEL))
    return find_mark(flatten(fields.get("description")))


def read_outcome(issue: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ChangeOutcome | None:
    """How far the issue is. Raises `Unmappable`."""
    return judge(_told(_fields(require_object(issue)), zone), states, STATES)


def read_told(payload: Any, states: Mapping[str, ChangeState], zone: tzinfo) -> ToldOutcome | None:
    """A webhook's body, or an issue as an automation rule sends it; None for events that are not an issue's.

    Raises:
        Unmappable: names the field that is missing.
    """
    event = require_object(payload)
    name = event.get("webhookEvent")
    if name is not None and not str(name).startswith("jira:issue_"):
        return None
    issue = event if name is None and "fields" in event else event.get("issue")
    fields = _fields(issue)
    key = text(member(issue, "key"))
    if key is None:
        raise Unmappable("issue.key: is missing; send Jira's own webhook body, or the issue with its fields")
    correlation_id = find_correlation_id(fields)
    if name == "jira:issue_deleted":
        return ToldOutcome(correlation_id, key, "deleted", ChangeOutcome("failed", None, "the issue was deleted"))
    told = _told(fields, zone)
    return ToldOutcome(correlation_id, key, first_word(told.words), judge(told, states, STATES))


def _fields(issue: Any) -> Mapping[str, Any]:
    fields = member(issue, "fields")
    if not isinstance(fields, Mapping):
        raise Unmappable("issue.fields: is missing; send Jira's own webhook body, or the issue with its fields")
    return fields


def _told(fields: Mapping[str, Any], zone: tzinfo) -> Told:
    """A status says it before the resolution, for both may be `Done` where a resolution says that it was not."""
    status, resolution = text(member(fields, "status", "name")), text(member(fields, "resolution", "name"))
    category = text(member(fields, "status", "statusCategory", "key"))
    if status is None:
        raise Unmappable("fields.status: is missing")
    done_at = time_of("resolutiondate", fields.get("resolutiondate"), zone)
    if done_at is None and category == "done":
        done_at = time_of("statuscategorychangedate", fields.get("statuscategorychangedate"), zone)
    reason = f"Jira says '{status}'" + (f", resolution '{resolution}'" if resolution else "")
    return Told((status, resolution, category and f"category:{category}"), done_at, reason)
