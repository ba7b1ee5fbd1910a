"""Ticketing systems as they speak: how each tells a ticket's story, and how those that are polled answer."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import orjson

from shared import clock
from shared.ticketing.facts import State
from shared.ticketing.memory.source import MemorySource
from shared.ticketing.sources import Authentication, IncidentSource, PollConfig, SourceConfig
from shared.ticketing.systems import SYSTEMS, SystemName
from tests.shared.ticketing.listener import Answer, Asked

OPENED = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
Step = tuple[State, int]
"""A state, and how many minutes after its opening the ticket came into it."""

STORY: tuple[Step, ...] = (("new", 0), ("in_progress", 10), ("resolved", 60), ("in_progress", 90), ("resolved", 120))
"""Resolved, reopened, and resolved again: two resolutions."""


def after(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def iso(minutes: float) -> str:
    return after(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Desk:
    """One system. `tell` writes a ticket's story as payloads for `read`; `words` are its words for our states."""

    name: SystemName | Literal["memory"]
    words: dict[State, str]
    tell: Callable[[str, Sequence[Step], dict[State, str]], list[Any]]
    senders: tuple[Authentication, ...]
    answer: Callable[["Board"], Callable[[Asked], Answer]] | None = None
    field_path: str = "customer"

    def open(self, *, page_size: int = 2, timeout_seconds: float = 30.0, **changes: Any) -> IncidentSource:
        """Its source, as configured."""
        config = SourceConfig(**{"source": "desk", "zone": ZoneInfo("UTC"), **changes})
        if self.name == "memory":
            return MemorySource(config, page_size=page_size)
        system = SYSTEMS[self.name]
        if self.answer is None:
            return system.open(config)
        sized: Any = system.open
        source: IncidentSource = sized(config, page_size=page_size, timeout_seconds=timeout_seconds)
        return source

    def polling(self, url: str, **changes: Any) -> IncidentSource:
        """Its source, polling that address."""
        assert self.name != "memory"
        how = SYSTEMS[self.name].polls[0]
        poll = PollConfig(url, how, "robot:secret", changes.pop("filter", None))
        return self.open(poll=poll, **changes)


@dataclass
class Board:
    """What a polled system holds: tickets by number with their stories, in minutes after `OPENED`."""

    tickets: dict[str, list[Step]] = field(default_factory=dict)

    def due(self, since: datetime) -> list[str]:
        """The numbers of those updated since, in order of update."""
        found = [(steps[-1][1], int(number), number) for number, steps in self.tickets.items()]
        return [number for minutes, _, number in sorted(found) if after(minutes) >= since]


def _facts(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [
        {
            "source": "desk",
            "external_id": number,
            "state": words[state],
            "updated_at": iso(minutes),
            "opened_at": iso(0),
            "customer": "ACME",
        }
        for state, minutes in steps
    ]


def _jira(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    told = []
    for state, minutes in steps:
        is_done = state in ("resolved", "closed")
        fields = {
            "summary": "VPN down",
            "created": iso(0),
            "updated": iso(minutes),
            "status": {"name": words[state]},
            "resolution": {"name": "Done"} if is_done else None,
            "resolutiondate": iso(minutes) if is_done else None,
            "customfield_7": "ACME",
        }
        told.append({"webhookEvent": "jira:issue_updated", "issue": {"key": number, "fields": fields}})
    return told


def _zammad(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [
        {
            "ticket": {
                "number": number,
                "state": words[state],
                "created_at": iso(0),
                "updated_at": iso(minutes),
                "organization": {"name": "ACME"},
            }
        }
        for state, minutes in steps
    ]


def servicenow_record(number: str, steps: Sequence[Step], words: dict[State, str]) -> dict[str, Any]:
    """The record as the last of these steps left it."""
    state, minutes = steps[-1]
    plain = "%Y-%m-%d %H:%M:%S"
    return {
        "number": number,
        "incident_state": words[state],
        "sys_mod_count": str(len(steps)),
        "opened_at": after(0).strftime(plain),
        "sys_updated_on": after(minutes).strftime(plain),
        "resolved_at": after(minutes).strftime(plain) if state == "resolved" else "",
        "company": {"link": "https://x.invalid/1", "value": "ACME"},
        "made_sla": "true",
    }


def _servicenow(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [servicenow_record(number, steps[: count + 1], words) for count in range(len(steps))]


def itop_object(number: str, steps: Sequence[Step], words: dict[State, str]) -> dict[str, Any]:
    """The object as the last of these steps left it."""
    state, minutes = steps[-1]
    plain = "%Y-%m-%d %H:%M:%S"
    fields = {
        "id": number,
        "ref": number,
        "finalclass": "Incident",
        "status": words[state],
        "title": "VPN down",
        "start_date": after(0).strftime(plain),
        "last_update": after(minutes).strftime(plain),
        "resolution_date": after(minutes).strftime(plain) if state == "resolved" else "",
        "org_name": "ACME",
    }
    return {"class": "Incident", "key": number, "fields": fields}


def _itop(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [itop_object(number, steps[: count + 1], words) for count in range(len(steps))]


def _glpi(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [
        {
            "event": "update",
            "item": {
                "id": int(number),
                "type": 1,
                "name": "VPN down",
                "content": "<p>since nine</p>",
                "status": {"id": words[state], "name": "?"},
                "date": iso(0),
                "date_mod": iso(minutes),
                "entity": {"id": 0, "completename": "ACME"},
            },
        }
        for state, minutes in steps
    ]


def rt_ticket(number: str, steps: Sequence[Step], words: dict[State, str]) -> dict[str, Any]:
    null = "1970-01-01T00:00:00Z"
    resolutions = [minutes for state, minutes in steps if state == "resolved"]
    return {
        "id": number,
        "Status": words[steps[-1][0]],
        "Type": "ticket",
        "Created": iso(0),
        "LastUpdated": iso(steps[-1][1]),
        "Started": null,
        "Resolved": iso(resolutions[-1]) if resolutions else null,
        "Requestor": [{"id": "ACME", "type": "user"}],
    }


def rt_history(steps: Sequence[Step], words: dict[State, str]) -> list[dict[str, Any]]:
    """Transactions as RT gives them: numbers are text, and the list is in no order."""
    items: list[dict[str, Any]] = [{"id": "7", "Type": "Create", "OldValue": "", "NewValue": "", "Created": iso(0)}]
    for number, ((before, _), (state, minutes)) in enumerate(pairwise(steps), 8):
        change = {"id": str(number), "Type": "Status", "OldValue": words[before], "NewValue": words[state]}
        items.append({**change, "Created": iso(minutes), "Creator": {"id": "ann"}})
    return list(reversed(items))


def _request_tracker(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [{"ticket": rt_ticket(number, steps, words), "history": rt_history(steps, words)}]


_REDMINE_STATUSES = [
    {"id": 1, "name": "New"},
    {"id": 2, "name": "In Progress"},
    {"id": 4, "name": "Resolved"},
    {"id": 9, "name": "Closed"},
    {"id": 3, "name": "Pondering"},
]
"""Not the numbers of a fresh Redmine: only their names count."""


def redmine_issue(number: str, steps: Sequence[Step], words: dict[State, str]) -> dict[str, Any]:
    ids = {str(status["name"]): status["id"] for status in _REDMINE_STATUSES}
    known = {state: ids.get(word, 77) for state, word in words.items()}
    journals = []
    for entry, ((before, _), (state, minutes)) in enumerate(pairwise(steps), 1):
        change = {"property": "attr", "name": "status_id", "old_value": str(known[before])}
        detail = {**change, "new_value": str(known[state])}
        journals.append(
            {"id": entry, "created_on": iso(minutes), "user": {"id": 1, "name": "ann"}, "details": [detail]}
        )
    return {
        "id": int(number),
        "status": {"id": known[steps[-1][0]], "name": words[steps[-1][0]]},
        "author": {"name": "ACME"},
        "created_on": iso(0),
        "updated_on": iso(steps[-1][1]),
        "journals": journals,
    }


def _redmine(number: str, steps: Sequence[Step], words: dict[State, str]) -> list[Any]:
    return [{"issue": redmine_issue(number, steps, words), "statuses": _REDMINE_STATUSES}]


def answer_servicenow(board: Board) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        (told,) = re.findall(r"sys_updated_on>=([^^]*)\^ORDERBYsys_updated_on", asked.query["sysparm_query"])
        since = datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        start, size = int(asked.query["sysparm_offset"]), int(asked.query["sysparm_limit"])
        numbers = board.due(since)[start : start + size]
        records = [servicenow_record(number, board.tickets[number], SERVICENOW.words) for number in numbers]
        shown = [{name: _both(value) for name, value in record.items()} for record in records]
        return Answer(body={"result": shown})

    return answer


def _both(value: Any) -> dict[str, Any]:
    stored = value["value"] if isinstance(value, dict) else value
    return {"display_value": stored, "value": stored}


def answer_itop(board: Board) -> Callable[[Asked], Answer]:
    """In the order of nothing in particular."""

    def answer(asked: Asked) -> Answer:
        query = orjson.loads(parse_qs(asked.body.decode())["json_data"][0])["key"]
        listed = re.findall(r"last_update >= '([^']*)'$", query)
        if listed:
            since = datetime.strptime(listed[0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            numbers = sorted(board.due(since), reverse=True)
        else:
            numbers = re.findall(r"\d+", query)
        found = [itop_object(number, board.tickets[number], ITOP.words) for number in numbers]
        objects = {f"Incident::{one['key']}": {"code": 0, "message": "", **one} for one in found}
        return Answer(body={"code": 0, "message": f"Found: {len(found)}", "objects": objects or None})

    return answer


def answer_request_tracker(board: Board) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        page, size = int(asked.query["page"]), int(asked.query["per_page"])
        history = re.fullmatch(r"/REST/2.0/ticket/(\d+)/history", asked.path)
        if history:
            items = rt_history(board.tickets[history[1]], REQUEST_TRACKER.words)
            size = 2
            pages = -(-len(items) // size)
            return Answer(body={"items": items[(page - 1) * size : page * size], "page": page, "pages": pages})
        (told,) = re.findall(r"LastUpdated >= '-(\d+) seconds'$", asked.query["query"])
        since = clock.now() - timedelta(seconds=int(told))
        numbers = board.due(since)[(page - 1) * size : page * size]
        items = [rt_ticket(number, board.tickets[number], REQUEST_TRACKER.words) for number in numbers]
        return Answer(body={"items": items, "page": page, "per_page": size})

    return answer


def answer_redmine(board: Board) -> Callable[[Asked], Answer]:
    def answer(asked: Asked) -> Answer:
        one = re.fullmatch(r"/issues/(\d+)\.json", asked.path)
        if asked.path == "/users/current.json":
            return Answer(body={"user": {"id": 1}})
        if asked.path == "/issue_statuses.json":
            return Answer(body={"issue_statuses": _REDMINE_STATUSES})
        if one:
            return Answer(body={"issue": redmine_issue(one[1], board.tickets[one[1]], REDMINE.words)})
        since = datetime.fromisoformat(asked.query["updated_on"].removeprefix(">="))
        start, size = int(asked.query["offset"]), int(asked.query["limit"])
        issues = [redmine_issue(n, board.tickets[n], REDMINE.words) for n in board.due(since)[start : start + size]]
        for issue in issues:
            del issue["journals"]
        return Answer(body={"issues": issues})

    return answer


_OURS: dict[State, str] = {"new": "new", "in_progress": "in_progress", "resolved": "resolved"}
MEMORY = Desk("memory", _OURS, _facts, ("standard_webhooks", "bearer"))
GENERIC = Desk("generic", _OURS, _facts, SYSTEMS["generic"].senders)
JIRA = Desk(
    "jira",
    {"new": "New", "in_progress": "Reopened", "resolved": "Done"},
    _jira,
    SYSTEMS["jira"].senders,
    field_path="issue.fields.customfield_7",
)
ZAMMAD = Desk(
    "zammad",
    {"new": "new", "in_progress": "open", "resolved": "closed"},
    _zammad,
    SYSTEMS["zammad"].senders,
    field_path="ticket.organization.name",
)
SERVICENOW = Desk(
    "servicenow",
    {"new": "1", "in_progress": "2", "resolved": "6"},
    _servicenow,
    ("bearer", "basic"),
    answer_servicenow,
    field_path="company.value",
)
ITOP = Desk(
    "itop",
    {"new": "new", "in_progress": "assigned", "resolved": "resolved"},
    _itop,
    ("bearer", "basic", "url_secret"),
    answer_itop,
    field_path="org_name",
)
GLPI = Desk(
    "glpi",
    {"new": "1", "in_progress": "2", "resolved": "5"},
    _glpi,
    SYSTEMS["glpi"].senders,
    field_path="item.entity.completename",
)
REQUEST_TRACKER = Desk(
    "request_tracker",
    {"new": "new", "in_progress": "open", "resolved": "resolved"},
    _request_tracker,
    ("bearer", "url_secret"),
    answer_request_tracker,
    field_path="ticket.Requestor.0.id",
)
REDMINE = Desk(
    "redmine",
    {"new": "New", "in_progress": "In Progress", "resolved": "Resolved"},
    _redmine,
    (),
    answer_redmine,
    field_path="issue.author.name",
)
DESKS = (MEMORY, GENERIC, JIRA, ZAMMAD, SERVICENOW, ITOP, GLPI, REQUEST_TRACKER, REDMINE)
