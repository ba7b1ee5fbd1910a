from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.support.fleet import Fleet
from tests.support.tickets import at, body
from tests.support.waiting import eventually

MEASURE = "/metrics/v1/measures/sla_attainment"


def month_of_tickets(month: int, met: int, missed: int) -> list[dict[str, Any]]:
    """Closed incidents opened in that month of 2025, so many of which met their SLA."""
    opened = at(0).replace(year=2025, month=month, day=10)
    return [
        body(
            "closed",
            external_id=f"{month}-{number}",
            opened_at=opened,
            updated_at=opened,
            resolved_at=opened,
            sla_met=number < met,
        )
        for number in range(met + missed)
    ]


async def send(client: httpx.AsyncClient, tickets: list[dict[str, Any]]) -> None:
    answer = await client.post("/metrics/v1/tickets", json=tickets)
    assert answer.status_code == 200, answer.text


async def set_target(client: httpx.AsyncClient, value: float = 0.75, since: str = "2025-01-01") -> None:
    answer = await client.post(
        f"{MEASURE}/targets", json={"value": value, "effective_from": since, "reason": "promised"}
    )
    assert answer.status_code == 201, answer.text


async def gaps(client: httpx.AsyncClient, state: str = "open") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/metrics/v1/gaps", params={"state": state})).json()["items"]
    return found


@pytest.fixture
def everyone(fleet: Fleet) -> httpx.AsyncClient:
    return fleet.client(Role.INTEGRATION, Role.QUALITY_MANAGER, Role.AUDITOR)


class TestJudge:
    async def test_a_missed_month_opens_one_gap(self, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        (gap,) = await eventually(lambda: gaps(everyone))
        assert (gap["period"], gap["expected"], gap["actual"], gap["n"]) == ("2025-03-01", 0.75, 0.4, 10)
        assert gap["impact"] == {"tickets_affected": 6, "tickets_total": 10}

    async def test_a_second_missed_month_attaches(self, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        (gap,) = await eventually(lambda: gaps(everyone))
        await send(everyone, month_of_tickets(4, 5, 5))

        async def two_months() -> dict[str, Any]:
            detail: dict[str, Any] = (await everyone.get(f"/metrics/v1/gaps/{gap['id']}")).json()
            assert [month["period"] for month in detail["months"]] == ["2025-03-01", "2025-04-01"]
            return detail

        assert (await eventually(two_months))["occurrences"] == 2
        assert len(await gaps(everyone)) == 1

    async def test_a_restated_month_that_meets_its_target_closes_the_gap(self, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        (gap,) = await eventually(lambda: gaps(everyone))
        late = month_of_tickets(3, 40, 0)[10:]
        await send(everyone, late)
        (closed,) = await eventually(lambda: gaps(everyone, "closed"))
        assert closed["id"] == gap["id"]
        assert "restated" in closed["reason"]
        revisions = (await everyone.get(f"{MEASURE}/observations/2025-03")).json()
        assert [revision["value"] for revision in revisions] == [0.4, 0.85]

    async def test_a_month_before_the_target_is_not_judged(self, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6) + month_of_tickets(5, 4, 6))
        await set_target(everyone, since="2025-04-01")
        (gap,) = await eventually(lambda: gaps(everyone))
        assert gap["period"] == "2025-05-01"

    async def test_a_target_of_a_scope_judges_that_scope_only(self, everyone: httpx.AsyncClient) -> None:
        mail = [{**ticket, "service": "mail"} for ticket in month_of_tickets(3, 1, 9)]
        await send(everyone, mail)
        await send(everyone, month_of_tickets(4, 1, 9))
        answer = await everyone.post(
            f"{MEASURE}/targets",
            json={"scope": "service=mail", "value": 0.9, "effective_from": "2025-01-01", "reason": "promised"},
        )
        assert answer.status_code == 201
        (gap,) = await eventually(lambda: gaps(everyone))
        assert (gap["scope"], gap["period"]) == ("service=mail", "2025-03-01")


class TestDismissGap:
    async def test_its_months_open_none_again(self, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        (gap,) = await eventually(lambda: gaps(everyone))
        url = f"/metrics/v1/gaps/{gap['id']}/dismiss"
        assert (await everyone.post(url, json={"reason": "a migration week"})).status_code == 200
        again = await everyone.post(url, json={"reason": "a migration week"})
        assert (again.status_code, again.json()["state"]) == (409, "dismissed")
        await set_target(everyone, 0.8)
        await send(everyone, month_of_tickets(5, 1, 9))
        (later,) = await eventually(lambda: gaps(everyone))
        assert later["period"] == "2025-05-01"

    async def test_who_may(self, fleet: Fleet) -> None:
        async with fleet.client(Role.ENGINEER) as engineer:
            answer = await engineer.post(
                "/metrics/v1/gaps/0199f0a0-0000-7000-8000-000000000001/dismiss", json={"reason": "x"}
            )
        assert answer.status_code == 403
        assert "operations_manager" in answer.json()["detail"]
