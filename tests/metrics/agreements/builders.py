"""Agreements for tests: what a test does not say is a sound one of 2027, with two clauses."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.metrics.agreements.jobs import turn_agreements
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.support.solo import Solo

URL = "/metrics/v1/agreements"
CUSTOMER = "Harbour Bank"
_NOW = clock.now


def response_clause(**changed: Any) -> dict[str, Any]:
    """95 % of tickets are taken up within 30 minutes; below that it costs 5 %, below 90 % 10 %."""
    return {
        "key": "response",
        "title": "First response",
        "terms": {"kind": "time", "what": "response", "within_minutes": 30, "attainment": 0.95},
        "penalty": {"tiers": [{"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "percent_of_fee": 10}]},
        **changed,
    }


def agreement(**changed: Any) -> dict[str, Any]:
    """The body of one."""
    return {
        "title": "Mail support",
        "customer": CUSTOMER,
        "services": ["mail", "desktop"],
        "effective_from": "2027-01-01",
        "effective_to": "2027-12-31",
        "calendar": "always",
        "settled_by": "monthly",
        "fee": "10000",
        "currency": "CNY",
        "penalty_cap_percent": 15,
        "notice_days": 60,
        "owner": "li.na",
        "clauses": [
            response_clause(),
            {
                "key": "report",
                "title": "Service report",
                "terms": {"kind": "clause", "statement": "A service report is handed over in every period"},
            },
        ],
        "exemptions": [{"key": "force-majeure", "title": "Force majeure", "text": "Flood, war, earthquake."}],
        "glossary": [{"term": "Response", "meaning": "Somebody names themselves as working on the ticket."}],
        **changed,
    }


class Parties:
    """Clients of both sides, the way to a signature, and the calendar on the wall: it is 20 November 2026."""

    def __init__(self, solo: Solo, monkeypatch: pytest.MonkeyPatch) -> None:
        self.solo = solo
        self._monkeypatch = monkeypatch
        self.manager = self.client(Role.PROJECT_MANAGER, subject="zhao.lei")
        self.director = self.client(Role.DEPARTMENT_HEAD, subject="wang.fang")
        self.customer = self.client(Role.CUSTOMER, subject="anna", customer=CUSTOMER)
        self.travel("2026-11-20")

    def client(self, *roles: Role, **claims: Any) -> httpx.AsyncClient:
        """A client whose token is good today, whatever the calendar on the wall says."""
        with self._monkeypatch.context() as patch:
            patch.setattr(clock, "now", _NOW)
            return self.solo.client(*roles, **claims)

    def travel(self, day: str) -> None:
        """Go to noon of that day; tokens stay good."""
        noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
        self._monkeypatch.setattr(clock, "now", lambda: noon)

    async def turn(self, day: str) -> int:
        """Go to that day and run the job once; how many agreements it moved or announced."""
        self.travel(day)
        async with acting("service:metrics"):
            return await turn_agreements(self.solo.database)

    async def act(self, client: httpx.AsyncClient, item: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
        answer = await client.post(f"{URL}/{item['id']}/{action}", json=body)
        assert answer.status_code in (200, 201), answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def design(self, **changed: Any) -> dict[str, Any]:
        answer = await self.manager.post(URL, json=agreement(**changed))
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def negotiated(self, **changed: Any) -> dict[str, Any]:
        return await self.act(self.manager, await self.design(**changed), "negotiate")

    async def confirm(self, item: dict[str, Any], party: str, *subjects: str) -> dict[str, Any]:
        """Each side by a token of its own; of another customer's agreement by staff, with the document."""
        body: dict[str, Any] = {"party": party, "subjects": subjects, "digest": item["digest"]}
        if party == "provider":
            return await self.act(self.manager, item, "confirm", **body)
        if item["customer"] == CUSTOMER:
            return await self.act(self.customer, item, "confirm", **body)
        body |= {"signatory": f"Head of {item['customer']}", "evidence": "contract 17, page 9"}
        return await self.act(self.director, item, "confirm", **body)

    async def confirmed(self, item: dict[str, Any]) -> dict[str, Any]:
        await self.confirm(item, "provider", "content", "glossary")
        return await self.confirm(item, "customer", "content", "glossary", "exemptions")

    async def sign(self, item: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return await self.act(self.director, await self.confirmed(item), "sign", reason=reason)

    async def signed(self, reason: str | None = None, **changed: Any) -> dict[str, Any]:
        return await self.sign(await self.negotiated(**changed), reason)

    async def get(self, item: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.manager.get(f"{URL}/{item['id']}")).json()
        return shown
