from datetime import date
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.events.improvement import EffectRequested, VerificationPlan
from shared.http import acting
from shared.outbox import record
from tests.metrics.gaps.test_service import month_of_tickets, send
from tests.support.fleet import Fleet
from tests.support.tickets import at
from tests.support.waiting import eventually


def plan(**values: object) -> VerificationPlan:
    return VerificationPlan(
        **{
            "measure_key": "sla_attainment",
            "direction": "higher_is_better",
            "baseline_from": date(2025, 3, 1),
            "baseline_to": date(2025, 4, 1),
            **values,
        }
    )


async def ask(fleet: Fleet, asked: VerificationPlan) -> str:
    """Ask as improvement does; returns the correlation id of the story."""
    request = EffectRequested(
        request_id=uuid4(),
        improvement_id=uuid4(),
        plan=asked,
        plan_hash="0" * 64,
        target=0.75,
        implemented_at=at(0).replace(year=2025, month=4, day=1),
    )
    story = str(uuid4())
    async with acting("tester"), fleet.services["improvement"].database.transaction() as session:
        await record(session, request, subject=request.improvement_id, sequence=1, correlation_id=story)
    return story


async def answers(fleet: Fleet, story: str, count: int = 1) -> list[dict]:
    async with fleet.client(Role.AUDITOR) as client:

        async def told() -> list[dict]:
            entries = (await client.get(f"/audit/v1/trace/{story}")).json().get("entries", [])
            data = [entry["event"]["data"] for entry in entries if entry["type"] == "ratchet.effect.assessed.v1"]
            assert len(data) >= count, data
            return data

        return await eventually(told, 30)


async def await_months(fleet: Fleet, count: int) -> None:
    """Until so many months were observed."""
    async with fleet.client(Role.AUDITOR) as client:

        async def observed() -> bool:
            url = "/metrics/v1/measures/sla_attainment/series?from=2025-01&to=2025-12"
            return len((await client.get(url)).json()["points"]) == count

        await eventually(observed)


@pytest.fixture
def sender(fleet: Fleet) -> httpx.AsyncClient:
    return fleet.client(Role.INTEGRATION)


class TestAssessNext:
    async def test_waits_for_the_months_of_the_plan_and_then_decides_once(
        self, fleet: Fleet, sender: httpx.AsyncClient
    ) -> None:
        await send(sender, month_of_tickets(3, 40, 60) + month_of_tickets(4, 95, 5))
        await await_months(fleet, 2)
        story = await ask(fleet, plan())
        (first,) = await answers(fleet, story)
        assert (first["verdict"], "1 of 2 closed months" in first["reason"]) == ("inconclusive", True)
        await send(sender, month_of_tickets(5, 90, 10))
        await await_months(fleet, 3)
        async with fleet.services["metrics"].database.engine.begin() as connection:
            await connection.execute(text("UPDATE effect_requests SET next_look_at = now()"))
        second = (await answers(fleet, story, 2))[-1]
        assert (second["verdict"], second["after"]["n"], second["after"]["periods"]) == ("effective", 200, 2)
        await send(sender, month_of_tickets(6, 1, 99))
        assert len(await answers(fleet, story, 2)) == 2

    async def test_a_worse_guard_is_never_effective(self, fleet: Fleet, sender: httpx.AsyncClient) -> None:
        await send(sender, month_of_tickets(3, 40, 60) + month_of_tickets(4, 95, 5) + month_of_tickets(5, 95, 5))
        reopened = [
            {**ticket, "state": "closed", "reported_reopen_count": 1}
            for ticket in month_of_tickets(4, 95, 5) + month_of_tickets(5, 95, 5)
        ]
        later = [{**ticket, "updated_at": ticket["updated_at"].replace("-10T", "-11T")} for ticket in reopened]
        await send(sender, later)
        await await_months(fleet, 3)
        (answer,) = await answers(fleet, await ask(fleet, plan(guard_measures=["reopen_rate"])))
        assert answer["guards"][0]["worse"] is True
        assert answer["verdict"] == "regressed"

    @pytest.mark.parametrize("values", [{"measure_key": "nothing"}, {"guard_measures": ["nothing"]}, {"scope": "x"}])
    async def test_a_plan_that_nothing_can_answer_is_inconclusive_and_says_why(
        self, fleet: Fleet, values: dict[str, object]
    ) -> None:
        (answer,) = await answers(fleet, await ask(fleet, plan(**values)))
        assert answer["verdict"] == "inconclusive"
        assert "nothing" in answer["reason"] or "scope" in answer["reason"]
