from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.support.months import judge, month_of_tickets, send
from tests.support.solo import Solo

MEASURE = "/metrics/v1/measures/sla_attainment"


async def set_target(client: httpx.AsyncClient, value: float = 0.75, since: str = "2025-01-01", **values: Any) -> None:
    answer = await client.post(
        f"{MEASURE}/targets", json={"value": value, "effective_from": since, "reason": "promised", **values}
    )
    assert answer.status_code == 201, answer.text


async def gaps(client: httpx.AsyncClient, state: str = "open") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/metrics/v1/gaps", params={"state": state})).json()["items"]
    return found


@pytest.fixture
def everyone(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.QUALITY_MANAGER, Role.AUDITOR)


class TestJudge:
    """R3, R32: the gap between what was expected and what was delivered."""

    async def test_a_missed_month_opens_one_gap(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6, customer="acme"))
        await set_target(everyone)
        await judge(solo)
        (gap,) = await gaps(everyone)
        assert (gap["period"], gap["expected"], gap["actual"], gap["n"]) == ("2025-03-01", 0.75, 0.4, 10)
        assert gap["impact"] == {
            "tickets_affected": 6,
            "tickets_total": 10,
            "customers": 1,
            "penalty_exposure": None,
        }
        (told,) = await solo.events("gap.detected")
        assert (told.subject, told.data["detection"], told.data["severity"]) == (gap["id"], "target_missed", "critical")

    async def test_a_second_missed_month_attaches(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        await send(everyone, month_of_tickets(4, 5, 5))
        await judge(solo)
        (gap,) = await gaps(everyone)
        detail = (await everyone.get(f"/metrics/v1/gaps/{gap['id']}")).json()
        assert [month["period"] for month in detail["months"]] == ["2025-03-01", "2025-04-01"]
        assert (detail["occurrences"], detail["period"]) == (2, "2025-03-01")
        assert [event.data["occurrence"] for event in await solo.events("gap.recurred")] == [2]

    async def test_a_restated_month_that_meets_its_target_closes_the_gap(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        (gap,) = await gaps(everyone)
        await send(everyone, month_of_tickets(3, 40, 0)[10:])
        await judge(solo)
        (closed,) = await gaps(everyone, "closed")
        assert closed["id"] == gap["id"]
        assert "restated" in closed["reason"]
        revisions = (await everyone.get(f"{MEASURE}/observations/2025-03")).json()
        assert [revision["value"] for revision in revisions] == [0.4, 0.85]

    async def test_a_month_before_the_target_is_not_judged(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6) + month_of_tickets(5, 4, 6))
        await set_target(everyone, since="2025-04-01")
        await judge(solo)
        (gap,) = await gaps(everyone)
        assert gap["period"] == "2025-05-01"

    async def test_a_target_of_a_scope_judges_that_scope_only(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """R177: what is promised to one is not what is promised to all."""
        await send(everyone, month_of_tickets(3, 1, 9, service="mail") + month_of_tickets(4, 1, 9))
        await set_target(everyone, 0.9, scope="service=mail")
        await judge(solo)
        (gap,) = await gaps(everyone)
        assert (gap["scope"], gap["period"]) == ("service=mail", "2025-03-01")

    async def test_a_warning_becomes_the_miss_that_it_warned_of(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """R76: 100, 98 … 90 %; with a target of 85 % that is a warning, and at 80 % it is the miss."""
        for month, met in enumerate((100, 98, 96, 94, 92, 90), 1):
            await send(everyone, month_of_tickets(month, met, 100 - met))
        await set_target(everyone, 0.85)
        await judge(solo)
        (warned,) = await gaps(everyone)
        assert warned["detection"] == "trend"
        assert warned["evidence"]["crosses_on"] == "2025-09-01"
        await send(everyone, month_of_tickets(7, 80, 20))
        await judge(solo)
        (missed,) = await gaps(everyone)
        assert (missed["id"], missed["detection"], missed["period"]) == (warned["id"], "target_missed", "2025-07-01")

    async def test_judging_again_tells_nothing_again(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        await set_target(everyone, 0.75)
        await judge(solo)
        assert len(await solo.events("gap.detected", "gap.recurred")) == 1


class TestTargetLoosened:
    async def test_is_flagged_on_the_target_and_on_the_gap(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        await set_target(everyone, 0.7, since="2025-04-01")
        (gap,) = await gaps(everyone)
        assert gap["target_loosened"] is True
        first, second = await solo.events("target.set")
        assert (first.data["loosened"], second.data["loosened"], second.data["gap_id"]) == (False, True, gap["id"])

    async def test_a_stricter_one_is_not(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        await set_target(everyone, 0.8, since="2025-04-01")
        (gap,) = await gaps(everyone)
        assert gap["target_loosened"] is False


class TestDismissGap:
    async def test_its_months_open_none_again(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 4, 6))
        await set_target(everyone)
        await judge(solo)
        (gap,) = await gaps(everyone)
        url = f"/metrics/v1/gaps/{gap['id']}/dismiss"
        assert (await everyone.post(url, json={"reason": "a migration week"})).status_code == 200
        again = await everyone.post(url, json={"reason": "a migration week"})
        assert (again.status_code, again.json()["state"]) == (409, "dismissed")
        await set_target(everyone, 0.8)
        await send(everyone, month_of_tickets(5, 1, 9))
        await judge(solo)
        (later,) = await gaps(everyone)
        assert later["period"] == "2025-05-01"

    async def test_who_may(self, solo: Solo) -> None:
        async with solo.client(Role.ENGINEER) as engineer:
            answer = await engineer.post(
                "/metrics/v1/gaps/0199f0a0-0000-7000-8000-000000000001/dismiss", json={"reason": "x"}
            )
        assert answer.status_code == 403
        assert "operations_manager" in answer.json()["detail"]


class TestSeverity:
    async def test_weighs_by_the_catalogues_criticality(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """R32, R109: the same miss of 10 % is medium in general and high for a critical service."""
        editor = solo.client(Role.ADMINISTRATOR)
        answer = await editor.put(
            "/metrics/v1/services/mail",
            json={
                "name": "Mail",
                "description": "Mail for everybody",
                "criticality": "critical",
                "owner": "anna",
                "service_class": "core",
            },
        )
        assert answer.status_code in (200, 201), answer.text
        await send(everyone, month_of_tickets(3, 72, 28, service="mail"))
        await set_target(everyone, 0.8)
        await set_target(everyone, 0.8, scope="service=mail")
        await judge(solo)
        found = {gap["scope"]: (gap["severity"], gap["criticality"]) for gap in await gaps(everyone)}
        assert found == {"all": ("medium", None), "service=mail": ("high", "critical")}
