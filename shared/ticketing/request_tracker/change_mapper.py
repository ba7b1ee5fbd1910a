"""Change requests of Request Tracker 5: our request as a ticket, and how far a ticket is.

The mark stands in the subject: the only text that every RT can search, whatever its database and configuration. A
ticket's `Resolved` stays when it is reopened and its null is 1970, so the history says when it was done.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from shared.ticketing.change_history import Step, done_since
from shared.ticketing.change_mapping import Told, describe, headline, judge, time_of
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeState, ToldOutcome, find_mark, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.mapping import member, require_object, text

STATES: dict[str, ChangeState] = {
    "new": "raised",
    "open": "accepted",
    "stalled": "raised",
    "resolved": "implemented",
    "rejected": "failed",
    "deleted": "failed",
}
"""Of RT's own lifecycle. A stalled ticket waits: it is as far as it was."""

LONGEST_SUBJECT_BYTES = 200
"""In UTF-8: RT cuts what is longer, without a word."""


def make_ticket(
    request: ChangeRequest, queue: str, priority: int | None, custom_fields: Mapping[str, Any], zone: tzinfo
) -> dict[str, Any]:
    """The ticket to create. The title is cut, never the mark behind it."""
    ticket: dict[str, Any] = {
        "Queue": queue,
        "Subject": _subject(request),
        "Content": describe(request),
        "ContentType": "text/plain",
    }
    if priority is not None:
        ticket |= {"Priority": str(priority), "InitialPriority": str(priority)}
    if request.planned_start:
        ticket["Starts"] = _midnight(request.planned_start, zone)
    if request.planned_end:
        ticket["Due"] = _midnight(request.planned_end + timedelta(days=1), zone)
    if custom_fields:
        ticket["CustomFields"] = dict(custom_fields)
    return ticket


def _subject(request: ChangeRequest) -> str:
    ending = f" {mark(request.correlation_id)}"
    room = LONGEST_SUBJECT_BYTES - len(ending.encode())
    return headline(request, LONGEST_SUBJECT_BYTES).encode()[:room].decode(errors="ignore").rstrip() + ending


def find_query(correlation_id: str) -> str:
    """In RT's query language: tickets whose subject holds the mark."""
    return f"Subject LIKE '{quoted(mark(correlation_id))}'"


def quoted(value: str) -> str:
    """As it stands between quotes in RT's query language."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def find_ticket(answer: Any, correlation_id: str) -> str | None:
    """The number of the first ticket that carries exactly this mark, or None. Raises `Unmappable`."""
    items = member(answer, "items")
    if not isinstance(items, list):
        raise Unmappable("REST2's answer has no list 'items'; check base_url")
    found = [item for item in items if find_mark(text(member(item, "Subject"), 1000)) == correlation_id]
    return text(member(found[0], "id")) if found else None


def read_outcome(ticket: Any, history: Sequence[Any], states: Mapping[str, ChangeState]) -> ChangeOutcome | None:
    """How far a ticket is, as REST2 gives it and its history; None for a status that nobody mapped. Raises
    `Unmappable`."""
    word = text(member(ticket, "Status"))
    if word is None:
        raise Unmappable("Status: is missing from the ticket")
    at = done_since(_steps(history, states)) or time_of("Resolved", member(ticket, "Resolved"))
    return judge(Told((word,), at), states, STATES)


def is_implemented(word: str | None, states: Mapping[str, ChangeState]) -> bool:
    outcome = judge(Told((word,)), states, STATES)
    return outcome is not None and outcome.state == "implemented"


def read_told(payload: Any, states: Mapping[str, ChangeState]) -> ToldOutcome | None:
    """What the scrip of the documentation posts; the transaction's own new status is how far it was then.

    Raises:
        Unmappable: a ticket without number or status.
    """
    event = require_object(payload)
    ticket = event.get("ticket")
    if not isinstance(ticket, Mapping):
        raise Unmappable("ticket: is missing; post it as the documentation's scrip does")
    is_change = text(event.get("field")) == "Status" and text(event.get("new")) is not None
    word = text(event.get("new")) if is_change else text(ticket.get("status"))
    number = text(ticket.get("id"))
    if number is None or word is None:
        raise Unmappable("ticket: has no id or no status; post it as the documentation's scrip does")
    at = time_of("occurred_at", event.get("occurred_at")) if is_change else None
    told = Told((word,), at or time_of("resolved", ticket.get("resolved")))
    return ToldOutcome(find_mark(text(ticket.get("subject"), 1000)), number, word, judge(told, states, STATES))


def _steps(history: Sequence[Any], states: Mapping[str, ChangeState]) -> list[Step]:
    steps = []
    for item in history:
        if member(item, "Type") != "Status":
            continue
        at, number = time_of("history.Created", member(item, "Created")), text(member(item, "id"))
        if at is None or number is None or not number.isascii() or not number.isdigit():
            raise Unmappable("history: a transaction has no id or no Created")
        steps.append(Step(at, int(number), is_implemented(text(member(item, "NewValue")), states)))
    return steps


def _midnight(day: date, zone: tzinfo) -> str:
    """When a day begins by the zone's clock, as RT reads a time: in UTC, without saying so."""
    return datetime.combine(day, time(), zone).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
