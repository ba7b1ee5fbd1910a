"""The formulas over the facts, held against the same computed by hand or in plain Python."""

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from shared.auth import Role
from tests.support.months import judge, send
from tests.support.solo import Solo
from tests.support.tickets import body

MARCH = datetime(2025, 3, 10, tzinfo=UTC)
HOURS = [0.5, 1.0, 2.25, 3.0, 8.0, 13.5, 21.0]


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.PROCESS_OWNER)


def resolved(hours: Sequence[float], **values: Any) -> list[dict[str, Any]]:
    """Incidents of March, taken up after half the time in which they were resolved."""
    return [
        body(
            "resolved",
            external_id=f"R-{number}",
            opened_at=MARCH,
            responded_at=MARCH + timedelta(hours=taken / 2),
            updated_at=MARCH + timedelta(hours=taken),
            resolved_at=MARCH + timedelta(hours=taken),
            **values,
        )
        for number, taken in enumerate(hours)
    ]


async def define(client: httpx.AsyncClient, formula: str, **parameters: str) -> None:
    answer = await client.put(
        "/metrics/v1/measures/one",
        json={
            "name": "one",
            "description": "for a test",
            "direction": "lower_is_better",
            "formula": formula,
            "parameters": parameters,
            "owner": "anna",
        },
    )
    assert answer.status_code == 200, answer.text


async def value_of(solo: Solo, client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    await judge(solo)
    answer = await client.get("/metrics/v1/measures/one/series", params={"from": "2025-03", "to": "2025-03", **query})
    (point,) = answer.json()["points"]
    found: dict[str, Any] = point
    return found


class TestDurations:
    @pytest.mark.parametrize(
        ("formula", "factor"), [("time_to_restore", 1.0), ("first_response", 0.5), ("handling_time", 0.5)]
    )
    async def test_mean_median_and_p90(
        self, solo: Solo, client: httpx.AsyncClient, formula: str, factor: float
    ) -> None:
        """F1, F2, F11, F13, F14 (R130, R134, R136): quantiles interpolate linearly between the closest ranks."""
        await send(client, resolved(HOURS))
        hours = [hour * factor for hour in HOURS]
        expected = {
            "mean": statistics.fmean(hours),
            "median": statistics.median(hours),
            "p90": float(np.quantile(hours, 0.9)),
        }
        for statistic, value in expected.items():
            await define(client, formula, statistic=statistic)
            point = await value_of(solo, client)
            assert (point["value"], point["n"]) == (pytest.approx(value), 7)

    async def test_restoring_may_count_from_the_fault(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R134: from the fault to recovery."""
        await send(client, resolved([2.0], failed_at=(MARCH - timedelta(hours=3)).isoformat()))
        await define(client, "time_to_restore", since="failed")
        assert (await value_of(solo, client))["value"] == pytest.approx(5.0)

    async def test_requests_are_told_apart_from_incidents(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R73, R136: the process dimension."""
        await send(client, resolved(HOURS, kind="request"))
        await define(client, "handling_time", kind="request")
        assert (await value_of(solo, client))["n"] == 7


class TestShares:
    async def test_on_time_is_by_the_due_time_and_open_past_it_is_late(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        """F3: three of seven were resolved within 2.5 hours; an eighth is open and past it."""
        due = (MARCH + timedelta(hours=2.5)).isoformat()
        still_open = body("in_progress", external_id="open", opened_at=MARCH, updated_at=MARCH, due_at=due)
        without = body("in_progress", external_id="undue", opened_at=MARCH, updated_at=MARCH)
        await send(client, [*resolved(HOURS, due_at=due), still_open, without])
        await define(client, "on_time_rate")
        point = await value_of(solo, client)
        assert (point["value"], point["n"], point["missing"]) == (3 / 8, 8, 1)

    async def test_the_share_of_one_cause_is_of_those_whose_cause_is_known(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        """R180: human error; and a quote in the name is only a quote."""
        tickets = resolved(HOURS)
        for ticket, cause in zip(tickets, ["people's error"] * 2 + ["hardware"] * 3, strict=False):
            ticket["cause"] = cause
        await send(client, tickets)
        await define(client, "cause_share", cause="people's error")
        point = await value_of(solo, client)
        assert (point["value"], point["n"], point["missing"]) == (0.4, 5, 2)

    async def test_counts_are_of_one_class_or_any(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """F12, R123, R135: interruption, degradation, fault, latent risk."""
        tickets = resolved(HOURS)
        tickets[0]["incident_class"] = "degradation"
        await send(client, tickets)
        await define(client, "incident_count", incident_class="degradation")
        assert (await value_of(solo, client))["value"] == 1
        await define(client, "incident_count")
        assert (await value_of(solo, client))["value"] == 7


class TestScopes:
    async def test_two_dimensions_at_once(self, solo: Solo, client: httpx.AsyncClient) -> None:
        for priority, hours in (("1", [2.0, 4.0]), ("2", [10.0])):
            tickets = resolved(hours, customer="acme", priority=priority)
            await send(client, [{**t, "external_id": t["external_id"] + priority} for t in tickets])
        await define(client, "time_to_restore")
        await client.post("/metrics/v1/measures/one/scopes", json={"scope": "customer=acme,priority=1"})
        point = await value_of(solo, client, scope="priority=1,customer=acme")
        assert (point["value"], point["n"]) == (3.0, 2)

    async def test_a_scope_that_nothing_touched_is_left_alone(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """The cost of a recompute goes by what changed."""
        await define(client, "time_to_restore")
        for scope in ("customer=acme", "customer=brick"):
            await client.post("/metrics/v1/measures/one/scopes", json={"scope": scope})
        await send(client, [{**t, "external_id": f"a{t['external_id']}"} for t in resolved([1.0], customer="acme")])
        await send(client, [{**t, "external_id": f"b{t['external_id']}"} for t in resolved([9.0], customer="brick")])
        await judge(solo)
        before = len(await solo.events("observation.recorded"))
        await send(client, [{**t, "external_id": f"c{t['external_id']}"} for t in resolved([3.0], customer="acme")])
        await judge(solo)
        told = [event.data for event in (await solo.events("observation.recorded"))[before:]]
        assert {row["scope"] for row in told if row["measure_key"] == "one"} == {"all", "customer=acme"}
