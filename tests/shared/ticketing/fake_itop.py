"""iTop as its source has it: one address, forms in, and failures inside HTTP 200."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

CLASSES = ("Change", "NormalChange", "RoutineChange", "EmergencyChange")
_FIELDS = frozenset({"org_id", "title", "description", "start_date", "end_date", "reason", "impact", "fallback"})
Json = dict[str, Any]


def fail(code: int, message: str) -> Answer:
    return Answer(body={"code": code, "message": message})


@dataclass
class FakeItop:
    """One organization, `Demo` (number 3). `objects` by class and key."""

    objects: dict[str, Json] = field(default_factory=dict)
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/webservices/rest.php":
            return Answer(404, b"<html>Not Found</html>")
        if not asked.headers.get("authorization", "").startswith("Basic cm9ib3Q6c2VjcmV0"):
            return fail(1, "Error: Invalid login")
        form = parse_qs(asked.body.decode())
        assert form["version"] == ["1.3"]
        told = orjson.loads(form["json_data"][0])
        match told["operation"]:
            case "list_operations":
                return Answer(body={"version": "1.3", "operations": [], "code": 0, "message": "Operations: 8"})
            case "core/create":
                return self._create(told)
            case "core/get":
                return self._get(told)
            case "core/apply_stimulus":
                return self._stimulate(told)
        return fail(11, f"Error: Unknown verb '{told['operation']}' in version '1.3'")

    def set_status(self, ref: str, word: str) -> None:
        for found in self.objects.values():
            if found["fields"]["ref"] == ref:
                found["fields"] |= {"status": word, "last_update": stamp(self._at())}
                if word == "closed":
                    found["fields"]["close_date"] = found["fields"]["last_update"]
                if word in ("rejected", "notapproved"):
                    found["fields"]["approval_comment"] = "too risky &amp; too late"

    def put_incident(self, ref: str, status: str) -> None:
        fields = {"id": "7", "ref": ref, "status": status, "finalclass": "Incident", "private_log": []}
        self.objects["Incident::7"] = {"code": 0, "message": "", "class": "Incident", "key": "7", "fields": fields}

    def webhook(self, ref: str) -> Json:
        """As its webhook action posts it, with the payload that the documentation names."""
        fields = next(found["fields"] for found in self.objects.values() if found["fields"]["ref"] == ref)
        names = ("ref", "status", "title", "description", "last_update", "close_date", "finalclass")
        return {name: fields[name] for name in names}

    def _create(self, told: Json) -> Answer:
        if told["class"] not in CLASSES:
            return fail(100, f"Error: class: Unknown class '{told['class']}'")
        fields = told["fields"]
        unknown = set(fields) - _FIELDS
        if unknown:
            return fail(100, f"Error: {min(unknown)}: Unknown attribute {min(unknown)} from class {told['class']}")
        if fields["org_id"] not in ({"name": "Demo"}, 3):
            return fail(100, "Error: org_id: No item found with criteria: name: Nobody")
        key = str(len(self.objects) + 1)
        at = stamp(self._at())
        stored = {"id": key, "ref": f"C-{int(key):06}", "status": "new", "close_date": None}
        made = {**fields, **stored, "org_id": "3", "last_update": at, "finalclass": told["class"]}
        found = {"code": 0, "message": "created", "class": told["class"], "key": key, "fields": made}
        self.objects[f"{told['class']}::{key}"] = found
        return self._tell([found], told["output_fields"])

    def _get(self, told: Json) -> Answer:
        match = re.fullmatch(r"SELECT (\w+) WHERE (\w+) (=|LIKE) '((?:[^'\\]|\\.)*)'", told["key"])
        if match is None:
            return fail(100, f"Error: Syntax error in OQL query: {told['key']}")
        name, column, operator = match[1], match[2], match[3]
        value = re.sub(r"\\(.)", r"\1", match[4])
        if name == "Organization":
            found = [{"code": 0, "message": "", "class": name, "key": "3", "fields": {"id": "3", "name": "Demo"}}]
            return self._tell(found if value in ("Demo", "3") else [], "*")
        if name not in (*CLASSES, "Incident"):
            return fail(100, f"Error: class: Unknown class '{name}'")
        matching = [
            one
            for one in self.objects.values()
            if (name in ("Change", one["class"]))
            and (one["fields"][column] == value if operator == "=" else _is_like(one["fields"][column], value))
        ]
        return self._tell(matching, told["output_fields"])

    def _stimulate(self, told: Json) -> Answer:
        found = next(iter(self.objects.values()))
        status = found["fields"]["status"]
        if told["stimulus"] != "ev_reopen" or status != "resolved":
            return fail(100, f"Invalid stimulus: '{told['stimulus']}' on the object I-000007 in state '{status}'")
        for name, value in told["fields"].items():
            found["fields"][name].append(value["add_item"]["message"])
        found["fields"]["status"] = "assigned"
        return self._tell([found], told["output_fields"])

    def _tell(self, found: list[Json], names: str) -> Answer:
        wanted = None if names == "*" else names.split(",")
        told = {
            f"{one['class']}::{one['key']}": {
                **one,
                "fields": {k: v for k, v in one["fields"].items() if wanted is None or k in wanted},
            }
            for one in found
        }
        return Answer(body={"code": 0, "message": f"Found: {len(found)}", "objects": told or None})

    def _at(self) -> datetime:
        self.minutes += 1
        return OPENED + timedelta(minutes=self.minutes)


def _is_like(stored: str, pattern: str) -> bool:
    escaped = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return re.fullmatch(escaped, stored, re.DOTALL | re.IGNORECASE) is not None


def plain(fields: Json) -> str:
    return unescape(fields["description"])


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
