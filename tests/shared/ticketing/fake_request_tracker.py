"""Request Tracker 5.0.3 as it was heard to answer: its REST2 for tickets, in the words and with the quirks recorded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

NULL = "1970-01-01T00:00:00Z"
TOKEN = "1-39-5d0d7904b6d6a5fd2ef7c26f5e4c2e77"
STATUSES = ("new", "open", "stalled", "resolved", "rejected", "deleted")
Json = dict[str, Any]


@dataclass
class FakeRequestTracker:
    """`queues` by name, with whether our user may create there and the custom fields that it sees. `rights` are those
    on tickets. Each change of a ticket comes a minute after the one before."""

    queues: dict[str, tuple[bool, list[str]]] = field(default_factory=lambda: {"Changes": (True, ["Risk"])})
    rights: set[str] = field(default_factory=lambda: {"ShowTicket", "CommentOnTicket", "ModifyTicket"})
    tickets: dict[str, Json] = field(default_factory=dict)
    histories: dict[str, list[Json]] = field(default_factory=dict)
    comments: list[tuple[str, str]] = field(default_factory=list)
    minutes: int = 0
    transactions: int = 40

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"token {TOKEN}":
            return Answer(401, {"message": "Unauthorized"})
        path = asked.path.removeprefix("/REST/2.0")
        if path == asked.path:
            return Answer(302, b"", {"Location": "/NoAuth/Login.html"})
        if path == "/rt":
            return Answer(body={"Version": "5.0.3+dfsg-3~deb12u6", "Plugins": []})
        if path == "/queues/all":
            items = [{"type": "queue", "id": str(n), "Name": name} for n, name in enumerate(self.queues, 3)]
            return Answer(body={"items": items, "total": None, "pages": None, "count": len(items), "page": 1})
        if path == "/tickets":
            return self._search(asked.query)
        if path == "/ticket" and asked.method == "POST":
            return self._create(orjson.loads(asked.body))
        if match := re.fullmatch(r"/queue/(.+)", path):
            return self._queue(match[1])
        if match := re.fullmatch(r"/ticket/(\d+)(/history|/comment)?", path):
            return self._ticket(match[1], match[2], asked)
        return Answer(404, {"message": "Not Found"})

    def set_status(self, number: str, status: str) -> str:
        """As people do it there, whatever our user may."""
        ticket = self.tickets[number]
        before = ticket["Status"]
        at = self._happen(number, "Status", "Status", before, status)
        ticket["Status"] = status
        if status in ("resolved", "rejected"):
            ticket["Resolved"] = at
        return f"Status changed from '{before}' to '{status}'"

    def _queue(self, name: str) -> Answer:
        if name not in self.queues:
            return Answer(403, {"message": "Forbidden"})
        may_create, fields = self.queues[name]
        links = [{"ref": "self", "type": "queue"}, {"ref": "history"}]
        links += [{"ref": "create", "type": "ticket"}] if may_create else []
        seen = [{"ref": "customfield", "type": "customfield", "id": "2", "name": field} for field in fields]
        body = {"id": 3, "Name": name, "Disabled": "0", "_hyperlinks": links, "TicketCustomFields": seen}
        return Answer(body={**body, "CustomFields": [], "Lifecycle": "default"})

    def _search(self, query: Mapping[str, str]) -> Answer:
        told = query["query"]
        if match := re.fullmatch(r"Subject LIKE '((?:[^'\\]|\\.)*)'", told):
            wanted = re.sub(r"\\(.)", r"\1", match[1])
            found = [number for number, ticket in self.tickets.items() if wanted in ticket["Subject"]]
        elif match := re.fullmatch(r"Queue = '([^']*)'", told):
            found = list(self.tickets)
        else:
            return Answer(400, {"message": f"Unknown field at {told}"})
        if "ShowTicket" not in self.rights:
            found = []
        live = [number for number in found if self.tickets[number]["Status"] != "deleted"]
        items = [{"type": "ticket", "id": number, "Subject": self.tickets[number]["Subject"]} for number in live]
        return Answer(body={"items": items, "total": len(items), "count": len(items), "page": 1, "pages": 1.0})

    def _create(self, body: Json) -> Answer:
        """Unknown custom fields are dropped without a word, and a long subject is cut at 200 bytes."""
        queue = str(body.get("Queue"))
        if not self.queues.get(queue, (False, []))[0]:
            return Answer(403, {"message": f"No permission to create tickets in the queue '{queue}'"})
        number = str(len(self.tickets) + 1)
        at = self._happen(number, "Create", "", "", "")
        subject = body["Subject"].encode()[:200].decode(errors="ignore").replace("\n", "")
        kept = {name: value for name, value in body.items() if name in ("Starts", "Due", "Priority")}
        fields = {k: v for k, v in body.get("CustomFields", {}).items() if k in self.queues[queue][1]}
        times = {"Created": at, "LastUpdated": at, "Started": NULL, "Resolved": NULL}
        self.tickets[number] = {"id": int(number), "Status": "new", "Subject": subject, "Type": "ticket", **times}
        self.tickets[number] |= {**kept, "Queue": {"id": "3"}, "CustomFields": fields, "content": body["Content"]}
        return Answer(201, {"type": "ticket", "id": number, "_url": f"http://rt.test/REST/2.0/ticket/{number}"})

    def _ticket(self, number: str, part: str | None, asked: Asked) -> Answer:
        if number not in self.tickets:
            return Answer(404, {"message": "Not Found"})
        if "ShowTicket" not in self.rights:
            return Answer(403, {"message": "Forbidden"})
        if part == "/history":
            page, size = int(asked.query["page"]), 2
            items = list(reversed(self.histories[number]))
            pages = -(-len(items) // size)
            return Answer(body={"items": items[(page - 1) * size : page * size], "page": page, "pages": pages})
        if part == "/comment":
            return self._comment(number, orjson.loads(asked.body))
        return Answer(body=self.tickets[number])

    def _comment(self, number: str, body: Json) -> Answer:
        """What may not be done is told beside what was, and the answer is 201 all the same."""
        if "CommentOnTicket" not in self.rights:
            return Answer(400, {"message": "Permission Denied"})
        self.comments.append((number, body["Content"]))
        told = ["Comments added"]
        if "ModifyTicket" not in self.rights:
            told.append("Permission Denied")
        elif body["Status"] not in STATUSES:
            told.append(f"Status '{body['Status']}' isn't a valid status for this ticket.")
        else:
            told.append(self.set_status(number, body["Status"]))
        return Answer(201, told)

    def _happen(self, number: str, kind: str, name: str, old: str, new: str) -> str:
        at = (OPENED + timedelta(minutes=self.minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.minutes, self.transactions = self.minutes + 1, self.transactions + 1
        told = {"id": str(self.transactions), "Type": kind, "Field": name, "OldValue": old, "NewValue": new}
        self.histories.setdefault(number, []).append({**told, "Created": at, "Creator": {"id": "ann"}})
        return at
