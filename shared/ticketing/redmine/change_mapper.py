"""Change requests of Redmine: our request as an issue, and how far an issue is.

The mark stands in the subject, which every Redmine can search. `Resolved` is done although Redmine does not call it
closed; journals tell a status by its number only, so what each is called comes beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.ticketing.change_history import Step, done_since
from shared.ticketing.change_mapping import LONGEST_REASON, Told, describe, headline, judge, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, find_mark, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, text

STATES: dict[str, ChangeState] = {
    "new": "raised",
    "in progress": "accepted",
    "feedback": "raised",
    "resolved": "implemented",
    "closed": "implemented",
    "rejected": "failed",
    "新建": "raised",
    "进行中": "accepted",
    "反馈": "raised",
    "已解决": "implemented",
    "已关闭": "implemented",
    "已拒绝": "failed",
}
"""By the names that Redmine's own data gives them, in English and Chinese. Feedback is a question: as far as it was."""

LONGEST_SUBJECT = 255


def make_issue(
    request: ChangeRequest,
    project: str,
    tracker_id: int,
    priority_id: int | None,
    fields: Mapping[str, Any],
    custom_fields: Mapping[str, Any],
) -> dict[str, Any]:
    """The issue to create; `fields` win, except over where it goes and the mark behind its title. A due date before
    the start, which Redmine refuses, is left out."""
    start, end = request.planned_start, request.planned_end
    issue: dict[str, Any] = {
        "description": describe(request),
        "start_date": start.isoformat() if start else "",
        "due_date": end.isoformat() if end and (start is None or start <= end) else "",
    }
    if priority_id is not None:
        issue["priority_id"] = priority_id
    if custom_fields:
        issue["custom_fields"] = [{"id": int(number), "value": value} for number, value in custom_fields.items()]
    fixed = {
        "project_id": project,
        "tracker_id": tracker_id,
        "subject": headline(request, LONGEST_SUBJECT, ending=f" {mark(request.correlation_id)}"),
    }
    return {**issue, **fields, **fixed}


def find_issue(answer: Any, correlation_id: str) -> str | None:
    """The number of the first issue that carries exactly this mark, or None. Raises `Unmappable`."""
    issues = member(answer, "issues")
    if not isinstance(issues, list):
        raise Unmappable("the answer has no list 'issues'; check base_url, and that REST is switched on")
    found = [issue for issue in issues if find_mark(text(member(issue, "subject"), 1000)) == correlation_id]
    return text(member(found[0], "id")) if found else None


def find_id(found: Any, wanted: str) -> int | None:
    """The number of the one that is called so, or that has this number; case is ignored."""
    for item in listed(found):
        number = member(item, "id")
        names = (text(member(item, "name")), text(member(item, "identifier")), text(number))
        if isinstance(number, int) and wanted.strip().lower() in [name.lower() for name in names if name]:
            return number
    return None


def names_of(found: Any) -> str:
    """What they are called, for people."""
    names = [text(member(item, "name")) for item in listed(found)]
    return ", ".join(f"'{name}'" for name in names if name) or "none"


def read_outcome(issue: Any, statuses: Any, states: Mapping[str, ChangeState]) -> ChangeOutcome | None:
    """How far an issue is, with its journals; None for a status that nobody mapped. Raises `Unmappable`."""
    number, name = text(member(issue, "status", "id")), text(member(issue, "status", "name"))
    if number is None:
        raise Unmappable("status: is missing from the issue")
    names = {text(member(status, "id")): text(member(status, "name")) for status in listed(statuses)}
    entries = sorted(_status_entries(issue))
    steps = [
        Step(entry.at, entry.number, is_implemented((names.get(entry.after), entry.after), states)) for entry in entries
    ]
    at = done_since(steps) or time_of("closed_on", member(issue, "closed_on"))
    reason = entries[-1].notes if entries and entries[-1].after == number else None
    return judge(Told((name, number), at, reason), states, STATES)


def is_implemented(words: Sequence[str | None], states: Mapping[str, ChangeState]) -> bool:
    """Whether a status of this name, or of this number, means that the change is done."""
    outcome = judge(Told(tuple(words)), states, STATES)
    return outcome is not None and outcome.state == "implemented"


class _Entry(NamedTuple):
    """A journal that changed the status, to the number `after`."""

    at: datetime
    number: int
    after: str
    notes: str


def _status_entries(issue: Any) -> Iterator[_Entry]:
    for journal in listed(member(issue, "journals")):
        for detail in listed(member(journal, "details")):
            if member(detail, "property") != "attr" or member(detail, "name") != "status_id":
                continue
            at, number = time_of("journals.created_on", member(journal, "created_on")), member(journal, "id")
            if at is None or not isinstance(number, int):
                raise Unmappable("journals: an entry has no id or no created_on")
            after = text(member(detail, "new_value")) or ""
            yield _Entry(at, number, after, text(member(journal, "notes"), LONGEST_REASON) or "")


def listed(value: Any) -> list[Any]:
    """A list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []
