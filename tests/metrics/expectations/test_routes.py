from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.support.months import judge, month_of_tickets, send
from tests.support.solo import Solo

URL = "/metrics/v1/measures"


@pytest.fixture
def owner(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.PROCESS_OWNER)


class TestSetTarget:
    """R29: every measure has a baseline and a target, with reason and author."""

    @pytest.mark.parametrize(
        ("body", "status", "word"),
        [
            ({"value": 75}, 422, "0.75"),
            ({"value": 0.5, "scope": "colour=red"}, 422, "service"),
            ({"value": "NaN"}, 422, "finite"),
            ({"value": 0.5, "effective_from": "1066-01-01"}, 422, "effective_from"),
            ({"value": 0.5, "wrong": 1}, 422, "wrong"),
        ],
    )
    async def test_what_is_unsound_is_said(
        self, owner: httpx.AsyncClient, body: dict[str, Any], status: int, word: str
    ) -> None:
        answer = await owner.post(
            f"{URL}/sla_attainment/targets", json={"effective_from": "2025-01-01", "reason": "promised", **body}
        )
        assert (answer.status_code, word in answer.json()["detail"]) == (status, True), answer.text

    @pytest.mark.parametrize(
        ("measure", "held", "asked", "word"),
        [("sla_attainment", 0.8, 0.7, "at least 0.8"), ("mttr_mean", 8.0, 9.0, "at most 8")],
    )
    async def test_one_that_is_met_by_getting_worse_is_refused(
        self, owner: httpx.AsyncClient, measure: str, held: float, asked: float, word: str
    ) -> None:
        await owner.post(
            f"{URL}/{measure}/baselines", json={"value": held, "effective_from": "2025-01-01", "reason": "agreed"}
        )
        target = {"value": asked, "effective_from": "2025-02-01", "reason": "easier"}
        answer = await owner.post(f"{URL}/{measure}/targets", json=target)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ratchet:problem:target-against-direction")
        assert word in answer.json()["detail"]
        earlier = await owner.post(f"{URL}/{measure}/targets", json={**target, "effective_from": "2024-12-01"})
        assert earlier.status_code == 201

    async def test_an_unknown_measure_is_not_found(self, owner: httpx.AsyncClient) -> None:
        answer = await owner.post(
            f"{URL}/nothing/targets", json={"value": 1, "effective_from": "2025-01-01", "reason": "promised"}
        )
        assert answer.status_code == 404

    async def test_the_same_key_sets_it_once(self, owner: httpx.AsyncClient) -> None:
        request = {"value": 0.75, "effective_from": "2025-01-01", "reason": "promised"}
        headers = {"Idempotency-Key": "once"}
        first = await owner.post(f"{URL}/sla_attainment/targets", json=request, headers=headers)
        again = await owner.post(f"{URL}/sla_attainment/targets", json=request, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert len((await owner.get(f"{URL}/sla_attainment/targets")).json()) == 1


class TestSetBaseline:
    async def test_is_computed_over_a_window(self, owner: httpx.AsyncClient) -> None:
        await send(owner, month_of_tickets(3, 4, 6) + month_of_tickets(4, 30, 0))
        answer = await owner.post(
            f"{URL}/sla_attainment/baselines",
            json={
                "window_from": "2025-03-01",
                "window_to": "2025-04-30",
                "effective_from": "2025-05-01",
                "reason": "two months",
            },
        )
        assert (answer.status_code, answer.json()["value"], answer.json()["n"]) == (201, 0.85, 40)
        assert answer.json()["window_from"] == "2025-03-01"

    async def test_a_window_without_data_is_no_baseline(self, owner: httpx.AsyncClient) -> None:
        answer = await owner.post(
            f"{URL}/sla_attainment/baselines",
            json={
                "window_from": "2025-03-01",
                "window_to": "2025-04-30",
                "effective_from": "2025-05-01",
                "reason": "two months",
            },
        )
        assert answer.status_code == 422
        assert "no data" in answer.json()["detail"]

    async def test_signals_go_by_the_level_that_the_baseline_in_force_speaks_of(
        self, solo: Solo, owner: httpx.AsyncClient
    ) -> None:
        """R32: 94 of 100 is nothing beside six months at 90 %, and a signal beside six at 100 %."""
        for month in range(1, 7):
            await send(owner, month_of_tickets(month, 90, 10))
        for month in range(7, 13):
            await send(owner, month_of_tickets(month, 100, 0))
        await send(owner, month_of_tickets(1, 94, 6, year=2026))
        await owner.post(
            f"{URL}/sla_attainment/baselines",
            json={
                "window_from": "2025-07-01",
                "window_to": "2025-12-31",
                "effective_from": "2026-01-01",
                "reason": "better now",
            },
        )
        await solo.client(Role.PROCESS_OWNER).put(
            f"{URL}/sla_attainment",
            json={
                "name": "SLA attainment",
                "description": "judged again",
                "direction": "higher_is_better",
                "formula": "sla_attainment",
                "owner": "anna",
            },
        )
        await judge(solo)
        (told,) = await solo.events("gap.detected")
        assert (told.data["detection"], told.data["period"]) == ("signal", "2026-01-01")
        assert told.data["evidence"]["centre"] == pytest.approx(1.0)
