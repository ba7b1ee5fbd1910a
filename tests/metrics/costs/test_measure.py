"""F16 as a measure: recorded costs are values by period and service, with targets and gaps like any other."""

from typing import Any

import httpx
import pytest

from services.metrics.evaluation.jobs import evaluate
from shared.auth import Role
from shared.http import acting
from tests.support.solo import Solo

BASE = "/metrics/v1"
MEASURE: dict[str, Any] = {
    "name": "Cost benefit",
    "description": "What a service costs of what it brings in",
    "aspect": "cost",
    "process": "budgeting and accounting",
    "direction": "lower_is_better",
    "formula": "cost_benefit",
    "dimensions": ["service"],
    "owner": "wang.fang",
}


@pytest.fixture
async def client(solo: Solo) -> httpx.AsyncClient:
    made = solo.client(Role.PROCESS_OWNER)
    for key in ("mail", "wiki"):
        entry = {"name": key, "service_class": "core", "owner": "wang.fang"}
        assert (await made.put(f"{BASE}/services/{key}", json=entry)).status_code == 200
    answer = await made.put(f"{BASE}/measures/cost_benefit", json=MEASURE)
    assert answer.status_code == 200, answer.text
    return made


async def spend(client: httpx.AsyncClient, service: str, month: str, currency: str = "CNY", **amounts: int) -> None:
    for kind, amount in amounts.items():
        path = f"{BASE}/costs/{service}/{month}/{kind}"
        known = await client.get(path)
        headers = {"If-Match": known.headers["ETag"]} if known.status_code == 200 else {}
        answer = await client.put(path, json={"amount": amount, "currency": currency}, headers=headers)
        assert answer.status_code == 200, answer.text


async def compute(solo: Solo) -> None:
    async with acting("service:metrics"):
        await evaluate(solo.database, 0, 0)


async def values(client: httpx.AsyncClient, scope: str) -> list[tuple[str, float | None, int]]:
    span = {"from": "2025-10", "to": "2025-12", "scope": scope}
    series = (await client.get(f"{BASE}/measures/cost_benefit/series", params=span)).json()
    return [(point["period"][:7], point["value"], point["n"]) for point in series["points"] if point["n"]]


class TestCostBenefitMeasure:
    async def test_is_told_by_service_and_in_all(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """F16, R138: mail 150/200, wiki 50/800; together 200/1000, not the mean of both ratios."""
        await spend(client, "mail", "2025-11", people=100, material=30, money=20, income=200)
        await spend(client, "wiki", "2025-11", people=50, material=0, money=0, income=800)
        await compute(solo)
        assert await values(client, "service=mail") == [("2025-11", 0.75, 1)]
        assert await values(client, "service=wiki") == [("2025-11", 0.0625, 1)]
        assert await values(client, "all") == [("2025-11", 0.2, 2)]

    async def test_a_month_that_is_not_recorded_in_full_is_missing_not_cheap(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        await spend(client, "mail", "2025-11", people=100, income=200)
        await spend(client, "wiki", "2025-11", people=50, material=0, money=0, income=100)
        await compute(solo)
        assert await values(client, "service=mail") == []
        assert await values(client, "all") == [("2025-11", 0.5, 1)]
        await spend(client, "mail", "2025-11", material=30, money=20)
        await compute(solo)
        assert await values(client, "service=mail") == [("2025-11", 0.75, 1)]

    async def test_no_income_is_no_data(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await spend(client, "mail", "2025-11", people=100, material=0, money=0, income=0)
        await compute(solo)
        assert await values(client, "service=mail") == [("2025-11", None, 1)]

    async def test_currencies_are_never_added(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await spend(client, "mail", "2025-11", people=100, material=0, money=0, income=200)
        await spend(client, "wiki", "2025-11", "EUR", people=50, material=0, money=0, income=100)
        await compute(solo)
        assert await values(client, "service=wiki") == [("2025-11", 0.5, 1)]
        assert await values(client, "all") == [("2025-11", None, 2)]

    async def test_a_correction_is_a_restatement(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await spend(client, "mail", "2025-11", people=100, material=0, money=0, income=200)
        await compute(solo)
        await spend(client, "mail", "2025-11", people=150)
        await compute(solo)
        path = f"{BASE}/measures/cost_benefit/observations/2025-11"
        told = (await client.get(path, params={"scope": "service=mail"})).json()
        assert sorted((one["revision"], one["value"]) for one in told) == [(1, 0.5), (2, 0.75)]

    async def test_months_recorded_before_the_measure_was_defined_count(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        await spend(client, "mail", "2025-10", people=100, material=0, money=0, income=200)
        await compute(solo)
        answer = await client.put(f"{BASE}/measures/cost_later", json={**MEASURE, "frequency": "quarterly"})
        assert answer.status_code == 200
        await spend(client, "mail", "2025-12", people=200, material=0, money=0, income=200)
        await compute(solo)
        params = {"from": "2025-10", "to": "2025-12", "scope": "service=mail"}
        series = (await client.get(f"{BASE}/measures/cost_later/series", params=params)).json()
        assert [(point["period"], point["value"], point["n"]) for point in series["points"]] == [("2025-Q4", 0.75, 2)]

    async def test_a_missed_target_is_a_gap(self, solo: Solo, client: httpx.AsyncClient) -> None:
        target = {"value": 0.6, "scope": "service=mail", "effective_from": "2025-01-01", "reason": "budget"}
        assert (await client.post(f"{BASE}/measures/cost_benefit/targets", json=target)).status_code == 201
        await spend(client, "mail", "2025-11", people=150, material=0, money=0, income=200)
        await compute(solo)
        (gap,) = await solo.events("gap.detected")
        assert (gap.data["scope"], gap.data["expected"], gap.data["actual"]) == ("service=mail", 0.6, 0.75)
