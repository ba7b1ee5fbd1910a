"""GLPI as its documentation of `apirest.php` has it; GLPI 10 keeps texts escaped, GLPI 11 as they are."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED, iso
from tests.shared.ticketing.listener import Answer, Asked

USER_TOKEN = "q56hqkniwot8wntb3z1qarka5atf365taaa2uyjrn"
APP_TOKEN = "f7g3csp8mgatg5ebc5elnazakw20i9fyev1qopya7"
Json = dict[str, Any]


def refuse(status: int, code: str, words: str) -> Answer:
    return Answer(status, [code, words])


@dataclass
class FakeGlpi:
    """`sessions` are those that are open. Entity 2 and category 5 are there; others are not."""

    escapes: bool = True
    changes: dict[str, Json] = field(default_factory=dict)
    tickets: dict[str, Json] = field(default_factory=dict)
    followups: list[Json] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    opened: int = 0
    fails_update: bool = False
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/apirest.php/")
        if path == asked.path:
            return Answer(404, b"<html>Not Found</html>")
        if asked.headers.get("app-token") != APP_TOKEN:
            return refuse(400, "ERROR_WRONG_APP_TOKEN_PARAMETER", "the parameter app_token seems wrong")
        if path == "initSession":
            return self._open(asked)
        session = asked.headers.get("session-token", "")
        if session not in self.sessions:
            return refuse(401, "ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid")
        if path == "killSession":
            self.sessions.discard(session)
            return Answer(200, b"")
        if asked.method == "GET" and asked.body:
            return refuse(400, "ERROR_JSON_PAYLOAD_FORBIDDEN", "GET Request should not have json payload")
        if asked.method != "GET" and asked.headers.get("content-type") != "application/json":
            return refuse(400, "ERROR_JSON_PAYLOAD_INVALID", "JSON payload seems not valid")
        return self._route(path, asked)

    def set_status(self, number: str, word: str) -> None:
        change = self.changes[number]
        change["status"] = int(word)
        at = stamp(self._at())
        change["solvedate"] = at if word in ("5", "8", "6") else None
        change["closedate"] = at if word == "6" else None

    def webhook(self, number: str) -> Json:
        """As GLPI 11 posts it: the item in the words of its newer interface."""
        change = self.changes[number]
        item = {"id": int(number), "name": change["name"], "content": change["content"]}
        item |= {"status": {"id": change["status"], "name": "Solved"}, "date_mod": iso(self.minutes)}
        return {"event": "update", "item": item}

    def _open(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"user_token {USER_TOKEN}":
            return refuse(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid")
        self.opened += 1
        token = f"83af7e620c83a50a18d3eac2f6ed05a3ca0bea{self.opened:02}"
        self.sessions.add(token)
        return Answer(body={"session_token": token})

    def _route(self, path: str, asked: Asked) -> Answer:
        if path == "getActiveProfile":
            return Answer(body={"active_profile": {"id": 4, "name": "Technician"}})
        if path in ("Entity/2", "ITILCategory/5"):
            return Answer(body={"id": 2, "name": "Operations"})
        if path == "search/Change":
            return self._search(asked)
        if path == "Change" and asked.method == "POST":
            return self._create(orjson.loads(asked.body)["input"])
        if path == "ITILFollowup":
            self.followups.append(orjson.loads(asked.body)["input"])
            return Answer(201, {"id": len(self.followups), "message": ""})
        if re.fullmatch(r"Ticket/\d+/ITILFollowup", path):
            return Answer(206, [{"content": escape(one["content"])} for one in self.followups])
        items = {**{f"Change/{k}": v for k, v in self.changes.items()}}
        items |= {f"Ticket/{k}": v for k, v in self.tickets.items()}
        if path not in items:
            return refuse(404, "ERROR_ITEM_NOT_FOUND", "Item not found")
        if asked.method == "PUT":
            if self.fails_update:
                return Answer(200, [{path[7:]: False, "message": "You cannot change the status"}])
            items[path] |= orjson.loads(asked.body)["input"]
            return Answer(200, [{path[7:]: True, "message": ""}])
        return Answer(body=items[path])

    def _search(self, asked: Asked) -> Answer:
        assert (asked.query["criteria[0][field]"], asked.query["criteria[0][searchtype]"]) == ("21", "contains")
        wanted = asked.query["criteria[0][value]"]
        found = [change for change in self.changes.values() if self._kept(wanted) in change["content"]]
        rows = [{"1": change["name"], "2": change["id"], "21": change["content"]} for change in found]
        body: Json = {"totalcount": len(rows), "count": len(rows), "sort": 2, "order": "ASC"}
        return Answer(body={**body, **({"data": rows} if rows else {})})

    def _create(self, given: Json) -> Answer:
        if given.get("entities_id", 2) != 2:
            return refuse(400, "ERROR_GLPI_ADD", "You don't have permission to perform this action.")
        number = str(len(self.changes) + 1)
        change = {"id": int(number), "status": 1, "solvedate": None, "closedate": None, **given}
        self.changes[number] = {**change, "content": self._kept(given["content"]), "date": stamp(self._at())}
        return Answer(201, {"id": int(number), "message": f"Item successfully added: {given['name']}"})

    def _kept(self, content: str) -> str:
        return content.replace("&", "&#38;").replace("<", "&#60;").replace(">", "&#62;") if self.escapes else content

    def _at(self) -> datetime:
        self.minutes += 1
        return OPENED + timedelta(minutes=self.minutes)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
