"""ServiceNow as its documentation has it: the change API for changes, the Table API for incidents."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

BASIC = "robot:secret"
TEMPLATE = "508e02ec47410200e90d87e8dee49058"
LABELS = {
    "-5": "New",
    "-4": "Assess",
    "-3": "Authorize",
    "-2": "Scheduled",
    "-1": "Implement",
    "0": "Review",
    "3": "Closed",
    "4": "Canceled",
}
_COLUMNS = frozenset(
    {
        "short_description", "description", "justification", "implementation_plan", "risk_impact_analysis",
        "start_date", "end_date", "correlation_id", "correlation_display", "assignment_group", "chg_model",
    }
)  # fmt: skip
_CHANGES = "/api/sn_chg_rest/v1/change"
_INCIDENTS = "/api/now/table/incident"
Json = dict[str, Any]


def failure(status: int, message: str, detail: str = "") -> Answer:
    return Answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


@dataclass
class FakeServiceNow:
    """`may_read_ids` false: a query by `correlation_id` is not understood, and everything is answered."""

    changes: dict[str, dict[str, str]] = field(default_factory=dict)
    incidents: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    may_read_ids: bool = True
    may_reopen: bool = True
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        if not asked.headers.get("authorization", "").startswith("Basic cm9ib3Q6c2VjcmV0"):
            return failure(401, "User Not Authenticated", "Required to provide Auth information")
        path = asked.path.removeprefix(_CHANGES)
        if asked.path.startswith(_INCIDENTS):
            return self._incident(asked)
        if path == asked.path:
            return failure(400, "Requested URI does not represent any resource", asked.path)
        if asked.method == "POST":
            return self._create(path, orjson.loads(asked.body))
        if path in (f"/standard/template/{TEMPLATE}", f"/model/{TEMPLATE}"):
            return Answer(body={"result": {"sys_id": both(TEMPLATE)}})
        if path:
            return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
        return Answer(body={"result": [shown(record) for record in self._query(asked.query["sysparm_query"])]})

    def set_status(self, number: str, word: str) -> None:
        """As people do it there: `3:unsuccessful` closes with that code, `-5:rejected` refuses the approval."""
        state, _, rest = word.partition(":")
        record = self.changes[number]
        record["state"] = state
        if state == "3":
            record |= {"close_code": rest, "close_notes": f"closed {rest}", "work_end": stamp(self._at())}
        elif rest:
            record["approval"] = rest

    def webhook(self, number: str) -> Json:
        """As a business rule posts the record."""
        return dict(self.changes[number])

    def _create(self, path: str, body: Json) -> Answer:
        kinds = ("/normal", "/emergency", f"/standard/{TEMPLATE}") + (("",) if body.get("chg_model") else ())
        if path not in kinds:
            return failure(400, "Invalid change type or template", "The template could not be found")
        at = self._at()
        number = f"CHG{30001 + len(self.changes):07}"
        kept = {name: str(value) for name, value in body.items() if name in _COLUMNS}
        record = {
            "number": number,
            "sys_id": f"{len(self.changes) + 1:032x}",
            "sys_class_name": "change_request",
            "state": "-5",
            "approval": "not requested",
            "close_code": "",
            "close_notes": "",
            "work_end": "",
            "closed_at": "",
            "correlation_id": "",
            "description": "",
            "sys_created_on": stamp(at),
        } | kept
        record["short_description"] = record["short_description"][:160]
        self.changes[number] = record
        ignored = sorted(set(body) - _COLUMNS)
        return Answer(body={"result": {**shown(record), "__meta": {"ignoredFields": ignored}}})

    def _query(self, query: str) -> list[dict[str, str]]:
        told, _, _ = query.partition("^ORDERBY")
        conditions = [part.replace("\x00", "^") for part in told.replace("^^", "\x00").split("^OR")]
        found = []
        for record in self.changes.values():
            for condition in conditions:
                match = re.fullmatch(r"([a-z_]+)(=|LIKE)(.*)", condition, re.DOTALL)
                if match is None or (match[1] == "correlation_id" and not self.may_read_ids):
                    return list(self.changes.values())
                value = record.get(match[1], "")
                if value == match[3] if match[2] == "=" else match[3].lower() in value.lower():
                    found.append(record)
                    break
        return found

    def _incident(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            wanted = asked.query["sysparm_query"].removeprefix("number=")
            found = [shown(record) for number, record in self.incidents.items() if number == wanted]
            return Answer(body={"result": found})
        sys_id = asked.path.removeprefix(f"{_INCIDENTS}/")
        for record in self.incidents.values():
            if record["sys_id"] == sys_id:
                body = orjson.loads(asked.body)
                self.notes.append(body.pop("work_notes"))
                if self.may_reopen:
                    record.update(body)
                return Answer(body={"result": record})
        return failure(404, "No Record found")

    def _at(self) -> datetime:
        self.minutes += 1
        return OPENED + timedelta(minutes=self.minutes)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def both(value: Any, label: str | None = None) -> Json:
    return {"display_value": label if label is not None else value, "value": value}


def shown(record: dict[str, str]) -> Json:
    """Every field with its display value; a change's state is a number with a decimal point."""
    told = {name: both(value) for name, value in record.items()}
    state = record.get("state", "")
    return told | (
        {"state": both(float(state), LABELS.get(state, "Parked"))} if record["number"].startswith("CHG") else {}
    )
