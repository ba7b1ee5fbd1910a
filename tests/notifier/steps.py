"""What the notifier's tests do again and again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx

from services.notifier.settings import NotifierSettings
from shared.auth import Role
from shared.bus.local import LocalBus
from shared.events.envelope import Fact
from shared.events.metrics import GapClosed
from shared.http import acting
from shared.ids import new_id
from shared.outbox import record
from tests.support.fleet import Fleet, running
from tests.support.waiting import eventually


def a_gap_closed(**changes: object) -> GapClosed:
    values = {"gap_id": new_id(), "measure_key": "sla_attainment", "scope": "all", "reason": "restated"} | changes
    return GapClosed.model_validate(values)


@dataclass
class Notifier:
    """The notifier alone, running, with a client of an administrator."""

    fleet: Fleet
    client: httpx.AsyncClient

    async def subscribe(self, url: str, **options: object) -> dict:
        answer = await self.client.post("/notifier/v1/endpoints", json={"url": url, **options})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def tell(self, *facts: Fact, sequence: int = 1) -> None:
        """Record these as the notifier's own events: the local bus brings them back to it."""
        async with acting("tester"), self.fleet.services["notifier"].database.transaction() as session:
            for fact in facts:
                subject = getattr(fact, "gap_id", new_id())
                await record(session, fact, subject=subject, sequence=sequence, correlation_id="story")

    async def get(self, path: str) -> dict:
        answer = await self.client.get(f"/notifier/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, status: int, **body: object) -> dict:
        answer = await self.client.post(f"/notifier/v1{path}", json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def endpoint(self, endpoint_id: str) -> dict:
        return await self.get(f"/endpoints/{endpoint_id}")

    async def deliveries(self, **filters: str) -> list[dict]:
        answer = await self.client.get("/notifier/v1/deliveries", params=filters)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def in_state(self, state: str, endpoint_id: str | UUID, count: int = 1) -> list[dict]:
        """The endpoint's deliveries, once so many of them have come to this state."""

        async def enough() -> list[dict]:
            found = await self.deliveries(endpoint_id=str(endpoint_id), state=state)
            assert len(found) == count, (found, await self.deliveries(endpoint_id=str(endpoint_id)))
            return found

        return await eventually(enough)


@asynccontextmanager
async def notifying(settings: NotifierSettings, database_url: str) -> AsyncIterator[Notifier]:
    """The notifier, started and stopped."""
    async with (
        running(["notifier"], settings, database_url, LocalBus()) as fleet,
        fleet.client(Role.ADMINISTRATOR) as client,
    ):
        yield Notifier(fleet, client)
