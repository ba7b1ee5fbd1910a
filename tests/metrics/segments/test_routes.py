from datetime import date
from typing import Any

import httpx
import pytest

from services.metrics.measures import repository as measures
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from shared import clock
from shared.auth import Role
from tests.support.solo import Solo

BASE = "/metrics/v1"


@pytest.fixture
async def client(solo: Solo) -> httpx.AsyncClient:
    made = solo.client(Role.PROCESS_OWNER)
    for key, segment in (("bank", "key"), ("harbour", "key"), ("school", "public"), ("passer-by", None)):
        answer = await made.put(f"{BASE}/customers/{key}", json={"name": key, "segment": segment})
        assert answer.status_code == 200
    return made


async def observe(solo: Solo, month: date, **shares: tuple[int, int]) -> None:
    """So many of so many that met their SLA, by customer."""
    async with solo.transaction() as session:
        measure = await measures.get_measure(session, "sla_attainment")
        assert measure is not None
        values = [Computed(f"customer={key}", good / n, good, n) for key, (good, n) in shares.items()]
        await observations.tell(session, measure, month, values, clock.now())


class TestListSegments:
    async def test_with_how_many_customers_they_have(self, client: httpx.AsyncClient) -> None:
        """R204."""
        assert (await client.get(f"{BASE}/segments")).json() == [
            {"segment": "key", "customers": 2},
            {"segment": "public", "customers": 1},
            {"segment": None, "customers": 1},
        ]


class TestGetSegments:
    async def ask(self, client: httpx.AsyncClient, **params: str) -> list[tuple[Any, ...]]:
        span = {"from": "2025-10", "to": "2025-11", **params}
        answer = await client.get(f"{BASE}/measures/sla_attainment/segments", params=span)
        assert answer.status_code == 200, answer.text
        names = ("period", "segment", "value", "n", "customers", "told")
        return [tuple(point[name] for name in names) for point in answer.json()["points"]]

    async def test_a_measure_by_group_of_customers(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R204: 9 of 10 and 60 of 90 make 69 of 100 for the key customers; a restated month counts as restated."""
        await observe(solo, date(2025, 9, 1), bank=(1, 1))
        await observe(solo, date(2025, 10, 1), bank=(1, 10), harbour=(60, 90), school=(3, 4))
        await observe(solo, date(2025, 10, 1), bank=(9, 10))
        await observe(solo, date(2025, 11, 1), bank=(1, 2))
        october_public = ("2025-10-01", "public", 0.75, 4, 1, 1)
        assert await self.ask(client) == [
            ("2025-10-01", "key", 0.69, 100, 2, 2),
            october_public,
            ("2025-11-01", "key", 0.5, 2, 2, 1),
        ]
        assert await self.ask(client, segment="public") == [october_public]
        assert await self.ask(client, segment="nobody") == []

    async def test_a_customer_counts_where_it_is_today(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await observe(solo, date(2025, 10, 1), bank=(9, 10))
        moved = {"name": "bank", "segment": "public"}
        await client.put(f"{BASE}/customers/bank", json=moved, headers={"If-Match": '"1"'})
        assert await self.ask(client) == [("2025-10-01", "public", 0.9, 10, 2, 1)]

    async def test_an_unsound_range_is_named(self, client: httpx.AsyncClient) -> None:
        span = {"from": "2025-12", "to": "2025-11"}
        answer = await client.get(f"{BASE}/measures/sla_attainment/segments", params=span)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ratchet:problem:unsound-range")
