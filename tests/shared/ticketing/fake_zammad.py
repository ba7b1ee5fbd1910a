"""Zammad as its source has it: a search by condition is up to date, one by words knows what has been indexed."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

TOKEN = "4e7f0a2b6c8d"
GROUPS = ("Users", "Changes")
STATES = ("new", "open", "pending reminder", "closed", "merged", "rejected")
Json = dict[str, Any]


@dataclass
class FakeZammad:
    """`knows_conditions` false: a version that answers the newest tickets instead. `indexed` are found by words."""

    tickets: dict[str, Json] = field(default_factory=dict)
    articles: dict[str, list[Json]] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)
    knows_conditions: bool = True
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Token token={TOKEN}":
            return Answer(401, {"error": "Authentication required", "error_human": "Authentication required"})
        match (asked.method, asked.path):
            case ("GET", "/api/v1/users/me"):
                return Answer(body={"id": 3, "login": "robot@example.com"})
            case ("GET", "/api/v1/groups"):
                return Answer(body=[{"id": number, "name": name} for number, name in enumerate(GROUPS, 1)])
            case ("GET", "/api/v1/tickets/search"):
                return Answer(body=self._search(asked))
            case ("POST", "/api/v1/tickets"):
                return self._create(orjson.loads(asked.body))
        if match := re.fullmatch(r"/api/v1/tickets/(.+)", asked.path):
            return self._ticket(match[1], asked)
        return Answer(404, {"error": f"No route matches [{asked.method}] {asked.path}"})

    def set_status(self, number: str, word: str) -> None:
        ticket = self.tickets[number]
        at = stamp(self._at())
        ticket |= {"state": word, "updated_at": at}
        if word == "closed":
            ticket |= {"close_at": ticket["close_at"] or at, "last_close_at": at}

    def webhook(self, number: str) -> Json:
        return {"ticket": {**self.tickets[number], "group": {"name": "Changes"}}, "article": {}}

    def _create(self, given: Json) -> Answer:
        for name, known in (("group", GROUPS), ("customer", ("ops@example.com",)), ("state", STATES)):
            if name in given and given[name] not in known:
                told = f"No lookup value found for '{name}': {given[name]!r}"
                return Answer(422, {"error": told, "error_human": told})
        number = str(len(self.tickets) + 81)
        at = stamp(self._at())
        kept = {name: value for name, value in given.items() if name != "article"}
        times = {"created_at": at, "updated_at": at, "close_at": None, "last_close_at": None}
        self.tickets[number] = {"id": int(number), "number": f"100{number}", "state": "new", **kept, **times}
        self.articles[number] = [given["article"]]
        return Answer(201, {**self.tickets[number], "article_ids": [1]})

    def _search(self, asked: Asked) -> list[Json]:
        assert asked.query["expand"] == "true"
        newest = list(reversed(self.tickets.values()))
        condition = re.search(r"condition\[ticket\.(\w+)\]", " ".join(asked.query))
        if condition is None:
            words = asked.query["query"].lower()
            told = [(self.tickets[number], self._text(number)) for number in self.indexed]
            return [ticket for ticket, text in told if words in text.lower()]
        name = condition[1]
        if not self.knows_conditions:
            return newest[:1]
        assert asked.query[f"condition[ticket.{name}][operator]"] == "contains"
        value = asked.query[f"condition[ticket.{name}][value]"]
        return [ticket for ticket in newest if value.lower() in ticket[name].lower()]

    def _text(self, number: str) -> str:
        ticket = self.tickets[number]
        return " ".join([ticket["title"], ticket["number"], *(one["body"] for one in self.articles[number])])

    def _ticket(self, number: str, asked: Asked) -> Answer:
        if number not in self.tickets:
            return Answer(404, {"error": f"Couldn't find Ticket with 'id'={number}"})
        if asked.method == "PUT":
            given = orjson.loads(asked.body)
            if given["state"] not in STATES:
                return Answer(422, {"error": f"No lookup value found for 'state': {given['state']!r}"})
            self.articles[number].append(given["article"])
            self.set_status(number, given["state"])
        return Answer(body=self.tickets[number])

    def _at(self) -> datetime:
        self.minutes += 1
        return OPENED + timedelta(minutes=self.minutes)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
