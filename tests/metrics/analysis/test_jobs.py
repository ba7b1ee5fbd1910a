"""The assessment of effects, from the question to what is told."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from services.metrics.analysis.jobs import assess_next
from services.metrics.measures.service import find_measure
from services.metrics.observations.rules import Computed
from services.metrics.observations.service import tell
from shared import clock
from shared.auth import Role
from shared.events.improvement import EffectRequested, VerificationPlan
from shared.events.metrics import EffectPurpose
from shared.workers import Worker
from tests.support.months import judge, month_of_tickets, send
from tests.support.solo import Solo


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


async def ask(
    solo: Solo,
    asked: VerificationPlan,
    *,
    target: float | None = 0.75,
    implemented: date = date(2025, 4, 1),
    purpose: EffectPurpose = "verification",
) -> UUID:
    """Ask as improvement does; returns the improvement's id."""
    request = EffectRequested(
        request_id=uuid4(),
        improvement_id=uuid4(),
        plan=asked,
        plan_hash="0" * 64,
        target=target,
        implemented_at=datetime(implemented.year, implemented.month, implemented.day, tzinfo=UTC),
        purpose=purpose,
    )
    await solo.hear(request, request.improvement_id, source="improvement")
    return request.improvement_id


async def assess(solo: Solo) -> list[dict[str, Any]]:
    """Look at every request again; what was told so far."""
    worker: Worker = solo.service.definition.ports["statistics"]
    async with solo.database.transaction() as session:
        await session.execute(text("UPDATE effect_requests SET next_look_at = now()"))
    while await assess_next(worker, solo.database):
        pass
    return [event.data for event in await solo.events("effect.assessed")]


async def report(solo: Solo, key: str, values: list[float | None], *, first: int = 1, **of: Any) -> None:
    """Values of 2025's months from `first` on."""
    for month, value in enumerate(values, first):
        if value is not None:
            async with solo.transaction() as session:
                measure = await find_measure(session, key)
                computed = Computed("all", value, **{"numerator": None, "n": 100, **of})
                await tell(session, measure, date(2025, month, 1), [computed], clock.now(), origin="reported")


@pytest.fixture
def everyone(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.QUALITY_MANAGER, Role.AUDITOR)


async def define(client: httpx.AsyncClient, key: str, **values: Any) -> None:
    body = {
        "name": key,
        "description": "Told by its owner",
        "direction": "higher_is_better",
        "formula": "reported",
        "unit": "points",
        "data_kind": "value",
        "owner": "desk",
        **values,
    }
    answer = await client.put(f"/metrics/v1/measures/{key}", json=body)
    assert answer.status_code == 200, answer.text


class TestAssessNext:
    """R24, R38, R129."""

    async def test_waits_for_the_months_of_the_plan_and_then_decides_once(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 40, 60) + month_of_tickets(4, 95, 5))
        await ask(solo, plan())
        await judge(solo)
        (first,) = await assess(solo)
        assert (first["verdict"], "1 of 2 closed months" in first["reason"]) == ("inconclusive", True)
        assert len(await assess(solo)) == 1
        await send(everyone, month_of_tickets(5, 90, 10))
        await judge(solo)
        second = (await assess(solo))[-1]
        assert (second["verdict"], second["after"]["n"], second["after"]["periods"]) == ("effective", 200, 2)
        await send(everyone, month_of_tickets(6, 1, 99))
        await judge(solo)
        assert len(await assess(solo)) == 2

    async def test_a_worse_guard_is_never_effective(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await send(everyone, month_of_tickets(3, 40, 60) + month_of_tickets(4, 95, 5) + month_of_tickets(5, 95, 5))
        reopened = [
            {**ticket, "state": "closed", "reported_reopen_count": 1}
            for ticket in month_of_tickets(4, 95, 5) + month_of_tickets(5, 95, 5)
        ]
        later = [{**ticket, "updated_at": ticket["updated_at"].replace("-10T", "-11T")} for ticket in reopened]
        await send(everyone, later)
        await ask(solo, plan(guard_measures=["reopen_rate"]))
        await judge(solo)
        (answer,) = await assess(solo)
        assert answer["guards"][0]["worse"] is True
        assert answer["verdict"] == "regressed"

    @pytest.mark.parametrize(
        "values",
        [
            {"measure_key": "nothing"},
            {"guard_measures": ["nothing"]},
            {"scope": "x"},
            {"measure_key": "callback_coverage", "scope": "category=mail"},
        ],
    )
    async def test_a_plan_that_nothing_can_answer_is_inconclusive_and_says_why(
        self, solo: Solo, values: dict[str, object]
    ) -> None:
        await ask(solo, plan(**values))
        (answer,) = await assess(solo)
        assert answer["verdict"] == "inconclusive"
        assert "nothing" in answer["reason"] or "scope" in answer["reason"]

    async def test_too_few_periods_for_a_chart_are_no_verdict_of_the_chart(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 40, 60) + month_of_tickets(4, 95, 5) + month_of_tickets(5, 90, 10))
        await ask(solo, plan())
        await judge(solo)
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["signals"], answer["changes"]) == ("effective", None, None)

    async def test_chart_and_change_points_stand_beside_the_verdict(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        months = [(month, 40 + month % 3, 60 - month % 3) for month in range(1, 7)]
        months += [(month, 90 + month % 3, 10 - month % 3) for month in range(7, 13)]
        for month in months:
            await send(everyone, month_of_tickets(*month))
        asked = plan(baseline_from=date(2025, 1, 1), baseline_to=date(2025, 7, 1), minimum_points=6)
        await ask(solo, asked, implemented=date(2025, 7, 1))
        await judge(solo)
        (answer,) = await assess(solo)
        assert answer["verdict"] == "effective"
        assert {signal["side"] for signal in answer["signals"]} == {"above"}
        assert [s["period"] for s in answer["signals"] if s["rule"] == "outlier"] == [
            f"2025-{m:02}-01" for m in range(7, 13)
        ]
        (change,) = answer["changes"]
        assert (change["period"], change["better"]) == ("2025-07-01", True)
        assert (change["before"], change["after"]) == (0.41, 0.91)
        assert change["p_value"] < 0.05

    async def test_a_reported_value_is_compared_month_by_month(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        await define(everyone, "loyalty")
        await report(solo, "loyalty", [31, 28, 30, 29, 32, 41, 44, 40, 43, 42])
        asked = plan(
            measure_key="loyalty", baseline_from=date(2025, 1, 1), baseline_to=date(2025, 6, 1), minimum_points=5
        )
        await ask(solo, asked, target=40.0, implemented=date(2025, 6, 1))
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["test"]) == ("effective", "Mann-Whitney test")
        assert (answer["before"]["value"], answer["after"]["value"], answer["after"]["n"]) == (30, 42, 5)
        assert answer["p_value"] == pytest.approx(1 / 252)  # all five above all five
        assert [change["period"] for change in answer["changes"]] == ["2025-06-01"]

    async def test_too_few_reported_values_are_inconclusive(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """Two above two can come by chance in one of six."""
        await define(everyone, "loyalty")
        await report(solo, "loyalty", [31, 28, 41, 44])
        asked = plan(measure_key="loyalty", baseline_from=date(2025, 1, 1), baseline_to=date(2025, 3, 1))
        await ask(solo, asked, target=40.0, implemented=date(2025, 3, 1))
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["p_value"]) == ("inconclusive", pytest.approx(1 / 6))

    async def test_reported_shares_of_cases_are_compared_by_cases(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await define(everyone, "training", unit="ratio", data_kind="proportion")
        await report(solo, "training", [0.4], first=3, numerator=40.0, n=100)
        await report(solo, "training", [0.8, 0.9], first=4, numerator=80.0, n=100)
        await ask(solo, plan(measure_key="training"))
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["test"]) == ("effective", "Fisher's exact test")
        assert (answer["before"]["n"], answer["after"]["n"]) == (100, 200)

    async def test_a_share_of_time_is_compared_month_by_month(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """R133: an availability has outages for n, and none in its best months; it is no share of cases."""
        body = {"formula": "availability", "unit": None, "data_kind": None}
        await define(everyone, "up_time", **body)
        await report(solo, "up_time", [0.991, 0.993, 0.990, 0.992, 0.994], n=3)
        await report(solo, "up_time", [1.0, 0.999, 1.0, 0.998, 0.9995], first=6, n=0)
        asked = plan(
            measure_key="up_time", baseline_from=date(2025, 1, 1), baseline_to=date(2025, 6, 1), minimum_points=5
        )
        await ask(solo, asked, target=0.995, implemented=date(2025, 6, 1))
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["test"]) == ("effective", "Mann-Whitney test")
        assert (answer["before"]["n"], answer["after"]["n"]) == (5, 5)
        assert answer["after"]["value"] == pytest.approx(0.9993)
        assert {signal["rule"] for signal in answer["signals"]} >= {"outlier"}

    async def test_months_without_a_fault_count_as_none(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        """R135: a service that had no fault at all, while others had, is not a service without data."""
        before = [
            {**ticket, "external_id": f"mail-{ticket['external_id']}", "service": "mail"}
            for month in (2, 3)
            for ticket in month_of_tickets(month, 12, 0)
        ]
        others = [{**ticket, "service": "print"} for month in range(1, 7) for ticket in month_of_tickets(month, 2, 0)]
        await send(everyone, before + others)
        asked = plan(
            measure_key="incident_count",
            scope="service=mail",
            direction="lower_is_better",
            baseline_from=date(2025, 1, 1),
            minimum_points=3,
            minimum_n=20,
        )
        await ask(solo, asked, target=2.0)
        await judge(solo)
        (answer,) = await assess(solo)
        assert (answer["verdict"], answer["before"]["value"], answer["after"]["value"]) == ("effective", 12.0, 0.0)
        assert (answer["before"]["periods"], answer["after"]["periods"]) == (2, 3)
        assert answer["p_value"] == pytest.approx(0.4**24)  # all 24 fell on two of five months

    async def test_quarters_are_compared_by_quarters(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        definition = {
            "name": "SLA by quarter",
            "description": "Quarterly",
            "direction": "higher_is_better",
            "formula": "sla_attainment",
            "frequency": "quarterly",
            "owner": "desk",
        }
        answer = await everyone.put("/metrics/v1/measures/sla_by_quarter", json=definition)
        assert answer.status_code == 200, answer.text
        tickets = [ticket for month in (1, 2, 3) for ticket in month_of_tickets(month, 40, 60)]
        tickets += [ticket for month in (4, 5, 6) for ticket in month_of_tickets(month, 90, 10)]
        await send(everyone, tickets)
        asked = plan(
            measure_key="sla_by_quarter",
            baseline_from=date(2025, 2, 1),
            minimum_points=1,
            guard_measures=["reopen_rate"],
        )
        await ask(solo, asked, implemented=date(2025, 4, 1))
        await judge(solo)
        (told,) = await assess(solo)
        assert told["verdict"] == "effective"
        assert (told["before"]["period_from"], told["before"]["period_to"]) == ("2025-01-01", "2025-04-01")
        assert (told["after"]["period_from"], told["after"]["period_to"]) == ("2025-04-01", "2025-07-01")
        assert (told["guards"][0]["before"]["n"], told["guards"][0]["after"]["n"]) == (300, 300)


class TestAssessNextSustained:
    """R127: whether the level of March, on which the effect was signed, still holds."""

    async def test_is_answered_at_once_from_the_months_that_are_there(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 90, 10))
        await judge(solo)
        await ask(solo, plan(minimum_points=1), purpose="sustain")
        (nothing,) = await assess(solo)
        assert (nothing["verdict"], nothing["purpose"], nothing["after"]["n"]) == ("inconclusive", "sustain", 0)
        assert "n = 100 before and 0 after" in nothing["reason"]
        await send(everyone, month_of_tickets(4, 88, 12))
        await judge(solo)
        assert len(await assess(solo)) == 1

    async def test_all_closed_months_count_and_one_bad_one_is_no_proof(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 90, 10) + month_of_tickets(4, 30, 70) + month_of_tickets(5, 89, 11))
        await judge(solo)
        await ask(solo, plan(minimum_points=1), purpose="sustain")
        (open_,) = await assess(solo)
        assert (open_["verdict"], open_["after"]["n"], open_["after"]["periods"]) == ("inconclusive", 200, 2)
        await send(everyone, month_of_tickets(6, 35, 65))
        await judge(solo)
        await ask(solo, plan(minimum_points=1), purpose="sustain")
        lost = (await assess(solo))[-1]
        assert (lost["verdict"], lost["after"]["n"], lost["after"]["periods"]) == ("regressed", 300, 3)
        assert lost["after"]["value"] == pytest.approx((30 + 89 + 35) / 300)

    async def test_lives_beside_the_verification_of_the_same_improvement(
        self, solo: Solo, everyone: httpx.AsyncClient
    ) -> None:
        await send(everyone, month_of_tickets(3, 90, 10) + month_of_tickets(4, 90, 10))
        await judge(solo)
        await ask(solo, plan())
        await ask(solo, plan(minimum_points=1), purpose="sustain")
        answers = {told["purpose"]: told["verdict"] for told in await assess(solo)}
        assert answers == {"verification": "inconclusive", "sustain": "effective"}
        await send(everyone, month_of_tickets(5, 90, 10))
        await judge(solo)
        told = await assess(solo)
        assert [answer["purpose"] for answer in told].count("verification") == 2
        assert [answer["purpose"] for answer in told].count("sustain") == 1
