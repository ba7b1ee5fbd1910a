from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from services.fleet import make_gateway
from shared.app import Service
from shared.auth import Role
from shared.bus.local import LocalBus
from shared.settings import Settings
from tests.shared.test_inbox import event
from tests.support.fleet import Fleet
from tests.support.spine import Noting, define, make_room, noted

PATH = "/metrics/v1/dead-letters"


@dataclass
class Desk:
    noting: Noting
    service: Service
    fleet: Fleet

    async def park(self, *words: str) -> None:
        self.noting.poison = {word: ValueError(f"cannot digest {word}") for word in words}
        self.service.app.state.inbox._retry_delays_seconds = ()
        await self.service.app.state.inbox.take([event(word) for word in words])

    def operator(self) -> httpx.AsyncClient:
        return self.fleet.client(Role.OPERATIONS_MANAGER, subject="olga")


@pytest.fixture
async def desk(settings: Settings, database_url: str) -> AsyncIterator[Desk]:
    noting, bus = Noting("test.note"), LocalBus()
    service = Service(define("metrics", handlers=(noting.handler,)), settings, database_url, bus)
    await service.prepare()
    await make_room(service.database)
    transport = httpx.ASGITransport(app=make_gateway([service]), raise_app_exceptions=False)
    yield Desk(noting, service, Fleet({"metrics": service}, transport, settings))
    await service.close()


async def parked(client: httpx.AsyncClient, **parameters: str) -> list[dict]:
    answer = await client.get(PATH, params=parameters)
    assert answer.status_code == 200
    return answer.json()["items"]


class TestList:
    async def test_tells_what_failed_why_and_how_often(self, desk: Desk) -> None:
        await desk.park("x")
        async with desk.operator() as client:
            (letter,) = await parked(client)
        assert letter["handler"] == "test.note"
        assert letter["error"] == "ValueError: cannot digest x"
        assert letter["type"] == "ratchet.test.said.v1"
        assert (letter["attempts"], letter["state"], letter["settled_at"]) == (1, "parked", None)
        assert '"words":"x"' in letter["body"]

    async def test_pages_through_all_of_them_oldest_first(self, desk: Desk) -> None:
        words = [f"word {n}" for n in range(7)]
        await desk.park(*words)
        seen, cursor = [], ""
        async with desk.operator() as client:
            while cursor is not None:
                answer = (
                    await client.get(PATH, params={"limit": "3", "cursor": cursor} if cursor else {"limit": "3"})
                ).json()
                seen += [letter["error"].removeprefix("ValueError: cannot digest ") for letter in answer["items"]]
                cursor = answer["next_cursor"]
        assert seen == words

    @pytest.mark.parametrize("parameters", [{"state": "lost"}, {"limit": "0"}, {"cursor": "garbage"}])
    async def test_a_malformed_question_is_refused(self, desk: Desk, parameters: dict[str, str]) -> None:
        async with desk.operator() as client:
            assert (await client.get(PATH, params=parameters)).status_code == 422


class TestReplay:
    async def test_brings_it_to_effect(self, desk: Desk) -> None:
        await desk.park("x")
        desk.noting.poison.clear()
        async with desk.operator() as client:
            (letter,) = await parked(client)
            assert (await client.post(f"{PATH}/{letter['id']}/replay")).status_code == 204
            assert await parked(client) == []
            (settled,) = await parked(client, state="replayed")
        assert settled["settled_by"] == "olga"
        assert await noted(desk.service.database, "test.note") == ["x"]

    async def test_that_fails_again_is_a_conflict_that_says_why(self, desk: Desk) -> None:
        await desk.park("x")
        async with desk.operator() as client:
            (letter,) = await parked(client)
            answer = await client.post(f"{PATH}/{letter['id']}/replay")
            assert answer.status_code == 409
            assert "cannot digest x" in answer.json()["detail"]
            assert len(await parked(client)) == 1

    async def test_of_a_settled_one_is_a_conflict(self, desk: Desk) -> None:
        await desk.park("x")
        desk.noting.poison.clear()
        async with desk.operator() as client:
            (letter,) = await parked(client)
            await client.post(f"{PATH}/{letter['id']}/replay")
            for action in ("replay", "discard"):
                answer = await client.post(f"{PATH}/{letter['id']}/{action}")
                assert answer.status_code == 409
                assert "replayed" in answer.json()["detail"]
        assert await noted(desk.service.database, "test.note") == ["x"]


class TestDiscard:
    async def test_keeps_it_listed_as_discarded(self, desk: Desk) -> None:
        await desk.park("x")
        async with desk.operator() as client:
            (letter,) = await parked(client)
            assert (await client.post(f"{PATH}/{letter['id']}/discard")).status_code == 204
            (settled,) = await parked(client, state="discarded")
            assert settled["settled_by"] == "olga"
            assert (await client.post(f"{PATH}/{letter['id']}/discard")).status_code == 409
            desk.noting.poison.clear()
            assert (await client.post(f"{PATH}/{letter['id']}/replay")).status_code == 409
        assert await noted(desk.service.database, "test.note") == []


class TestAccess:
    async def test_only_operators_and_administrators(self, desk: Desk) -> None:
        letter = uuid4()
        for roles, expected in (
            ((), 401),
            ((Role.ENGINEER,), 403),
            ((Role.CUSTOMER,), 403),
            ((Role.ADMINISTRATOR,), 404),
            ((Role.OPERATIONS_MANAGER,), 404),
        ):
            async with desk.fleet.client(*roles) as client:
                for action in ("replay", "discard"):
                    assert (await client.post(f"{PATH}/{letter}/{action}")).status_code == expected
                assert (await client.get(PATH)).status_code == (200 if expected == 404 else expected)


class TestHealth:
    async def test_counts_them(self, desk: Desk) -> None:
        await desk.park("x", "y")
        async with desk.fleet.client() as client:
            ready = await client.get("/metrics/readyz")
        assert ready.status_code == 200
        assert ready.json()["dead_letters"] == 2
