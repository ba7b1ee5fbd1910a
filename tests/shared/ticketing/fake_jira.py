"""Jira as its documentation has it: REST 3 of the Cloud with documents for texts, REST 2 with plain ones."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

CATEGORIES = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "Awaiting CAB approval": "indeterminate",
    "Done": "done",
    "Declined": "done",
    "Closed": "done",
}
_KNOWN = frozenset({"project", "issuetype", "summary", "description", "labels", "priority"})
Json = dict[str, Any]


def refusal(**errors: str) -> Answer:
    return Answer(400, {"errorMessages": [], "errors": errors})


@dataclass
class FakeJira:
    """One project OPS with the issue types Change and Task. `transitions` are offered on every issue."""

    api: str = "3"
    issues: dict[str, Json] = field(default_factory=dict)
    transitions: dict[str, str] = field(default_factory=lambda: {"Close": "Closed", "Reopen Issue": "To Do"})
    may_create: bool = True
    fails_transition: bool = False
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        if not asked.headers.get("authorization", "").startswith("Basic cm9ib3Q6c2VjcmV0"):
            return Answer(401, b"Client must be authenticated to access this resource.")
        match = re.fullmatch(r"/rest/api/([23])(/.*)", asked.path)
        if match is None or (match[1] == "3" and self.api == "2"):
            return Answer(404, b"<html>dead link</html>")
        path = match[2]
        if path == "/issue" and asked.method == "POST":
            return self._create(orjson.loads(asked.body)["fields"], is_document=match[1] == "3")
        if path in ("/search", "/search/jql"):
            return self._search(path, asked)
        fixed = {
            "/myself": {"displayName": "Robot", "accountId": "5b10"},
            "/project/OPS": {"key": "OPS", "issueTypes": [{"name": "Change"}, {"name": "Task"}]},
            "/mypermissions": {
                "permissions": {
                    "CREATE_ISSUES": {"havePermission": self.may_create},
                    "BROWSE_PROJECTS": {"havePermission": True},
                }
            },
        }
        if path in fixed:
            return Answer(body=fixed[path])
        if one := re.fullmatch(r"/issue/([^/]+)(/transitions|/comment)?", path):
            return self._issue(one[1], one[2], asked)
        return Answer(404, {"errorMessages": [f"No project could be found with key '{path[9:]}'."], "errors": {}})

    def set_status(self, key: str, word: str) -> None:
        """As people do it there: `Done:Won't Do` sets that resolution."""
        name, _, resolution = word.partition(":")
        fields = self.issues[key]["fields"]
        category = CATEGORIES.get(name, "indeterminate")
        fields["status"] = {"name": name, "statusCategory": {"key": category}}
        fields["resolution"] = {"name": resolution or "Done"} if category == "done" else None
        fields["resolutiondate"] = stamp(self._at()) if category == "done" else None

    def webhook(self, key: str) -> Json:
        return {"webhookEvent": "jira:issue_updated", "timestamp": 1709542800000, "issue": self.issues[key]}

    def _create(self, fields: Json, *, is_document: bool) -> Answer:
        if not self.may_create or fields["project"] != {"key": "OPS"}:
            return refusal(project="valid project is required")
        if fields["issuetype"]["name"] not in ("Change", "Task"):
            return refusal(issuetype="Specify a valid issue type")
        unknown = set(fields) - _KNOWN
        if unknown:
            name = min(unknown)
            text = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
            return refusal(**{name: text})
        if is_document and not _is_document(fields["description"]):
            return refusal(description="Operation value must be an Atlassian Document")
        if not is_document and not isinstance(fields["description"], str):
            return refusal(description="Operation value must be a string")
        for label in fields["labels"]:
            if " " in label:
                return refusal(labels=f"The label '{label}' contains spaces which is invalid.")
        key = f"OPS-{len(self.issues) + 1}"
        self.issues[key] = {"id": str(10000 + len(self.issues)), "key": key, "fields": dict(fields)}
        self.issues[key]["fields"] |= {"created": stamp(self._at()), "comment": {"comments": []}}
        self.issues[key]["fields"]["updated"] = self.issues[key]["fields"]["created"]
        self.set_status(key, "To Do")
        return Answer(201, {"id": self.issues[key]["id"], "key": key, "self": f"https://j.invalid/issue/{key}"})

    def _search(self, path: str, asked: Asked) -> Answer:
        if self.api == "3" and path == "/search":
            return Answer(410, {"errorMessages": ["The requested API has been removed. Please migrate."]})
        match = re.fullmatch(r'labels = "((?:[^"\\]|\\.)*)" ORDER BY created ASC', asked.query["jql"])
        if match is None:
            return Answer(400, {"errorMessages": ["Error in the JQL Query"], "warningMessages": []})
        found = [issue for issue in self.issues.values() if match[1] in issue["fields"]["labels"]]
        shown = [{"key": issue["key"], "fields": {"labels": issue["fields"]["labels"]}} for issue in found]
        return Answer(body={"issues": shown, "isLast": True})

    def _issue(self, key: str, part: str | None, asked: Asked) -> Answer:
        if key not in self.issues:
            told = "Issue does not exist or you do not have permission to see it."
            return Answer(404, {"errorMessages": [told], "errors": {}})
        if part is None:
            return Answer(body=self.issues[key])
        if part == "/comment":
            self.issues[key]["fields"]["comment"]["comments"].append(orjson.loads(asked.body))
            return Answer(201, {"id": "1"})
        offered = [
            {"id": str(number), "name": name, "to": {"name": to}}
            for number, (name, to) in enumerate(self.transitions.items(), 11)
        ]
        if asked.method == "GET":
            return Answer(body={"transitions": offered})
        if self.fails_transition:
            return Answer(500, {"errorMessages": ["Internal server error"]})
        chosen = orjson.loads(asked.body)["transition"]["id"]
        self.set_status(key, next(one["to"]["name"] for one in offered if one["id"] == chosen))  # type: ignore[index]
        return Answer(204, b"")

    def _at(self) -> datetime:
        self.minutes += 1
        return OPENED + timedelta(minutes=self.minutes)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _is_document(value: Any) -> bool:
    """No text node may be empty or hold a line break."""
    if not isinstance(value, dict) or (value["type"], value["version"]) != ("doc", 1):
        return False
    texts = [node["text"] for block in value["content"] for node in block["content"]]
    return all(text and "\n" not in text for text in texts)
