from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.demonstration.asking import ask
from services.demonstration.listening import listen
from services.demonstration.people import People, send
from services.demonstration.promises import promise
from shared import clock
from shared.auth import Role
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

LISTS = ("campaigns", "complaints", "suggestions", "interviews", "follow-ups", "staff-ratings", "survey-results")


@pytest.fixture
async def people(fleet: Fleet) -> AsyncIterator[People]:
    told = People(fleet.transport, fleet.settings)
    yield told
    await told.close()


async def look(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/satisfaction/v1/{path}", params={"limit": 200})).json()["items"]
    return items


async def resolve(people: People, now: datetime, count: int) -> None:
    """So many incidents, all within the last hours."""
    desk = people.speak(Role.INTEGRATION, "desk")
    for number in range(count):
        resolved = now - timedelta(hours=3, minutes=number)
        ticket = {
            "source": "desk",
            "external_id": f"INC{number}",
            "state": "resolved",
            "customer": f"Customer {number}",
            "opened_at": (resolved - timedelta(hours=1)).isoformat(),
            "updated_at": resolved.isoformat(),
        }
        await send(desk.post("/metrics/v1/tickets", json=ticket))

    async def all_due() -> bool:
        assert len(await look(people.speak(Role.SERVICE_DESK, "mei.desk"), "callbacks")) == count
        return True

    await eventually(all_due)


class TestListenAndAsk:
    async def test_each_page_of_satisfaction_has_something_to_see_and_telling_it_twice_adds_nothing(
        self, fleet: Fleet, people: People
    ) -> None:
        now = clock.now()
        await promise(people, now)
        await resolve(people, now, 4)
        for _ in range(2):
            await listen(people, now)
            await ask(people, now)
        reader = fleet.client(Role.QUALITY_MANAGER)
        seen = {path: await look(reader, path) for path in LISTS}
        assert {path: len(items) for path, items in seen.items()} == {
            "campaigns": 2,
            "complaints": 4,
            "suggestions": 2,
            "interviews": 1,
            "follow-ups": 2,
            "staff-ratings": 2,
            "survey-results": 2,
        }
        callbacks = await look(reader, "callbacks")
        assert Counter((one["state"], one["channel"], one["attempt_count"]) for one in callbacks) == {
            ("completed", "link", 0): 1,
            ("due", None, 0): 1,
            ("due", None, 1): 2,
        }
        assert {one["title"]: one["state"] for one in seen["complaints"]} == {
            "Three outages of the branch network in one week": "open",
            "Nobody answers the hotline at noon": "closed",
            "The tone on the phone": "open",
            "The report came without the outage of the 3rd": "open",
        }
        assert {one["state"] for one in seen["suggestions"]} == {"received", "answered"}
        assert {one["state"] for one in seen["follow-ups"]} == {"due", "done"}
        assert {one["answered_at"] is None for one in seen["survey-results"]} == {True, False}
        running, closed = seen["campaigns"]
        assert (running["state"], closed["state"]) == ("launched", "closed")
        path = f"/satisfaction/v1/campaigns/{closed['id']}"
        checked = (await reader.get(f"{path}/check")).json()["clauses"]
        assert [clause["items"] for clause in checked] == [["s07"], ["s10"]]
        analysis = (await reader.get(f"{path}/analysis")).json()
        assert analysis["uncovered"] == ["City Library"]
        assert [one["key"] for one in analysis["groups"] if one["significant"]] == [
            "responsiveness",
            "incident_management",
        ]
