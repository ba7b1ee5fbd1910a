"""Redmine 5.0.4 as it was heard to answer: its REST interface for issues, in the words and with the quirks recorded."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

KEY = "f965d43ee98b3c43f26799be250e49bd820f1b14"
STATUSES = ("New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected")
"""Numbered from 1, as a fresh Redmine does."""
CLOSED = ("Closed", "Rejected")
PRIORITIES = ("Low", "Normal", "High")
Json = dict[str, Any]


def _named(name: str) -> Json:
    return {"id": STATUSES.index(name) + 1, "name": name, "is_closed": name in CLOSED}


@dataclass
class FakeRedmine:
    """One project `changes` (number 2) with the tracker `Change` (number 4). `allowed` are the statuses that the
    workflow leads our user to, from wherever; `permissions` are its role's. Each change comes a minute after the one
    before."""

    allowed: tuple[str, ...] = STATUSES
    permissions: tuple[str, ...] = ("view_issues", "add_issues")
    is_member: bool = True
    is_admin: bool = False
    modules: tuple[str, ...] = ("issue_tracking", "wiki")
    project_status: int = 1
    says_allowed: bool = True
    issues: dict[str, Json] = field(default_factory=dict)
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        is_known = asked.headers.get("x-redmine-api-key") == KEY
        if asked.path == "/issues.json" and asked.method == "GET":
            return self._search(asked) if is_known else Answer(body={"issues": [], "total_count": 0})
        if not is_known:
            return Answer(401, b"")
        lists = {
            "/issue_statuses.json": ("issue_statuses", [_named(name) for name in STATUSES]),
            "/enumerations/issue_priorities.json": (
                "issue_priorities",
                [{"id": n, "name": name, "is_default": n == 2} for n, name in enumerate(PRIORITIES, 1)],
            ),
            "/projects.json": ("projects", [{"id": 2, "name": "Changes", "identifier": "changes"}]),
        }
        if asked.path in lists:
            name, items = lists[asked.path]
            return Answer(body={name: items})
        if asked.path == "/users/current.json":
            return Answer(body={"user": self._user()})
        if asked.path == "/roles/4.json":
            return Answer(body={"role": {"id": 4, "name": "Developer", "permissions": list(self.permissions)}})
        if asked.path in ("/projects/changes.json", "/projects/2.json"):
            return Answer(body={"project": self._project()})
        if asked.path == "/issues.json":
            return self._create(orjson.loads(asked.body)["issue"])
        if match := re.fullmatch(r"/issues/(\d+)\.json", asked.path):
            return self._issue(match[1], asked)
        return Answer(404, b"")

    def set_status(self, number: str, name: str, notes: str = "") -> None:
        """As people do it there, whatever our user may."""
        issue, at = self.issues[number], self._happen()
        old, new = issue["status"]["id"], _named(name)["id"]
        detail = {"property": "attr", "name": "status_id", "old_value": str(old), "new_value": str(new)}
        self._note(number, at, notes, [detail] if old != new else [])
        issue["status"] = _named(name)
        if name in CLOSED:
            issue["closed_on"] = at

    def _user(self) -> Json:
        member = {"id": 2, "project": {"id": 2, "name": "Changes"}, "roles": [{"id": 4, "name": "Developer"}]}
        memberships = [member] if self.is_member else []
        return {"id": 5, "login": "robot", "admin": self.is_admin, "memberships": memberships}

    def _project(self) -> Json:
        modules = [{"id": number, "name": name} for number, name in enumerate(self.modules, 11)]
        project = {"id": 2, "name": "Changes", "identifier": "changes", "status": self.project_status}
        trackers = [{"id": 4, "name": "Change"}]
        fields = [{"id": 7, "name": "Risk"}]
        return {**project, "trackers": trackers, "enabled_modules": modules, "issue_custom_fields": fields}

    def _search(self, asked: Asked) -> Answer:
        wanted = asked.query["subject"].removeprefix("~")
        found = [{k: v for k, v in issue.items() if k != "journals"} for issue in self.issues.values()]
        issues = [issue for issue in found if wanted in issue["subject"]] if asked.query["status_id"] == "*" else []
        return Answer(body={"issues": issues, "total_count": len(issues), "offset": 0, "limit": 20})

    def _create(self, given: Json) -> Answer:
        if given.get("project_id") not in ("changes", "2", 2):
            told = ["Project cannot be blank", "Tracker cannot be blank", "Status cannot be blank"]
            return Answer(422, {"errors": told})
        if len(given["subject"]) > 255:
            return Answer(422, {"errors": ["Subject is too long (maximum is 255 characters)"]})
        start, due = given.get("start_date"), given.get("due_date")
        if start and due and due < start:
            return Answer(422, {"errors": ["Due date must be greater than start date"]})
        number, at = len(self.issues) + 1, self._happen()
        issue: Json = {"id": number, "subject": given["subject"], "description": given["description"]}
        issue |= {"project": {"id": 2, "name": "Changes"}, "tracker": {"id": 4, "name": "Change"}}
        issue |= {"status": _named("New"), "priority": {"id": given.get("priority_id", 2)}}
        issue |= {"start_date": start, "due_date": due, "created_on": at, "updated_on": at, "closed_on": None}
        self.issues[str(number)] = {**issue, "journals": [], "given": given}
        return Answer(201, {"issue": issue})

    def _issue(self, number: str, asked: Asked) -> Answer:
        if number not in self.issues:
            return Answer(404, b"")
        if asked.method == "GET":
            allowed = {"allowed_statuses": [_named(name) for name in self.allowed]} if self.says_allowed else {}
            return Answer(body={"issue": {**self.issues[number], **allowed}})
        given = orjson.loads(asked.body)["issue"]
        name = STATUSES[given["status_id"] - 1]
        if name in self.allowed:
            self.set_status(number, name, given["notes"])
        else:  # answered as if it had been done
            self._note(number, self._happen(), given["notes"], [])
        return Answer(204, b"")

    def _note(self, number: str, at: str, notes: str, details: list[Json]) -> None:
        journals = self.issues[number]["journals"]
        journals.append({"id": self.minutes, "created_on": at, "notes": notes, "details": details})

    def _happen(self) -> str:
        at = OPENED + timedelta(minutes=self.minutes)
        self.minutes += 1
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
