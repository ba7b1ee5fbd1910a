"""Any system that takes JSON: it keeps what is posted, finds by our id, and tells states in words of its own."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import orjson
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.shared.ticketing.desks import OPENED
from tests.shared.ticketing.listener import Answer, Asked

SECRET = "whsec_" + "c2VjcmV0" * 6
STATES = {"Scheduled": "accepted", "Done": "implemented", "Refused": "failed", "Waiting": "raised"}
Json = dict[str, Any]


@dataclass
class FakeGeneric:
    changes: dict[str, Json] = field(default_factory=dict)
    minutes: int = 0

    def answer(self, asked: Asked) -> Answer:
        try:
            Webhook(SECRET).verify(asked.body, dict(asked.headers), json_parse=False)
        except WebhookVerificationError as error:
            return Answer(401, {"error": str(error)})
        if asked.method == "POST":
            return self._create(orjson.loads(asked.body))
        if asked.path == "/changes":
            found = [one for one in self.changes.values() if one["ref"] == asked.query["ref"]]
            return Answer(body=found)
        if match := re.fullmatch(r"/changes/(.+)", asked.path):
            found_one = self.changes.get(unquote(match[1]))
            return Answer(body=found_one) if found_one else Answer(404, {})
        return Answer(404, {"error": "no such address"})

    def set_status(self, number: str, word: str) -> None:
        self.minutes += 1
        at = (OPENED + timedelta(minutes=self.minutes)).isoformat()
        self.changes[number] |= {"state": word, "implemented_at": at, "reason": "no window"}

    def webhook(self, number: str) -> Json:
        """In our own format."""
        change = self.changes[number]
        return {"correlation_id": change["ref"], "external_id": number, "state": change["state"]} | (
            {"implemented_at": change["implemented_at"]} if "implemented_at" in change else {}
        )

    def _create(self, given: Json) -> Answer:
        if "summary" not in given:
            return Answer(422, {"error": "summary: is missing"})
        number = f"CHG{len(self.changes) + 1}"
        self.changes[number] = {"id": number, "url": f"https://desk.invalid/{number}", "state": "Waiting", **given}
        return Answer(201, self.changes[number])
