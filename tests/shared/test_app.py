"""What every service answers about itself, and the house that it keeps."""

from collections.abc import AsyncIterator, Collection, Sequence

import httpx
import pytest
from sqlalchemy import text

from services.fleet import make_gateway
from shared.app import KEY_RETENTION_DAYS, Service, _keep_house
from shared.bus.local import LocalBus
from shared.bus.port import Outgoing, Receive
from shared.settings import Settings
from tests.support.spine import Noting, define, make_room, say


class DeafBus:
    """A broker that cannot be reached."""

    async def publish(self, events: Sequence[Outgoing]) -> None:
        raise ConnectionError

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None: ...

    async def close(self) -> None: ...

    def is_connected(self) -> bool:
        return False


@pytest.fixture
async def service(settings: Settings, database_url: str) -> AsyncIterator[Service]:
    made = Service(
        define("metrics", handlers=(Noting("test.note").handler,), home="/desk"), settings, database_url, LocalBus()
    )
    await made.prepare()
    await make_room(made.database)
    yield made
    await made.close()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_gateway([service]), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ratchet.test") as opened:
        yield opened


class TestHealth:
    async def test_answers_without_a_token(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/metrics/healthz")).json() == {"status": "ok"}

    async def test_is_ready_and_tells_what_waits(self, service: Service, client: httpx.AsyncClient) -> None:
        await say(service.database, "one", "two")
        answer = await client.get("/metrics/readyz")
        assert answer.status_code == 200
        body = answer.json()
        assert (body["status"], body["database"], body["broker"]) == ("ok", "ok", "ok")
        assert (body["outbox_pending"], body["dead_letters"]) == (2, 0)
        assert body["outbox_lag_seconds"] >= 0

    async def test_is_not_ready_without_the_broker(self, service: Service, client: httpx.AsyncClient) -> None:
        service.bus = DeafBus()
        answer = await client.get("/metrics/readyz")
        assert (answer.status_code, answer.json()["broker"]) == (503, "not connected")
        assert (await client.get("/metrics/healthz")).status_code == 200

    async def test_is_not_ready_without_the_database(self, service: Service, client: httpx.AsyncClient) -> None:
        async with service.database.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE outbox RENAME TO hidden"))
        answer = await client.get("/metrics/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")


class TestDescription:
    async def test_is_served_with_its_place_at_the_gateway(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/metrics/openapi.json")).json()
        assert document["servers"] == [{"url": "/metrics"}]
        assert "/v1/dead-letters" in document["paths"]

    async def test_counts_are_there_for_prometheus(self, client: httpx.AsyncClient) -> None:
        await client.get("/metrics/healthz")
        answer = await client.get("/metrics/internal/prometheus")
        assert 'ratchet_request_seconds_count{method="GET",service="metrics",status="200"}' in answer.text

    async def test_the_first_page_leads_home(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/metrics/")
        assert (answer.status_code, answer.headers["location"]) == (307, "/metrics/desk")


class TestKeepHouse:
    async def test_forgets_what_no_redelivery_can_ask_for(self, service: Service) -> None:
        async with service.database.engine.begin() as connection:
            for table, columns, values, moment in (
                ("inbox", "event_id, handler", "gen_random_uuid(), 'h'", "claimed_at"),
                ("idempotency_keys", "key, actor, route, digest", "gen_random_uuid(), 'a', 'r', 'd'", "created_at"),
            ):
                for days in (0, KEY_RETENTION_DAYS + 1, 1000):
                    await connection.execute(
                        text(
                            f"INSERT INTO {table} ({columns}, {moment}) "
                            f"VALUES ({values}, now() - make_interval(days => {days}))"
                        )
                    )
        assert await _keep_house(service.database) == 0
        async with service.database.reading() as session:
            left = (
                await session.execute(
                    text("SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM idempotency_keys)")
                )
            ).one()
        assert tuple(left) == (2, 1)


class TestClose:
    async def test_gives_back_what_the_ports_hold(self, settings: Settings, database_url: str) -> None:
        closed: list[str] = []

        async def close() -> None:
            closed.append("worker")

        made = Service(define("metrics", closers=(close,)), settings, database_url, LocalBus())
        await made.prepare()
        await made.stop()
        assert closed == []
        await made.close()
        assert closed == ["worker"]
