from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.metrics.gaps.test_service import month_of_tickets, send
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

URL = "/metrics/v1/measures"


@pytest.fixture
def owner(fleet: Fleet) -> httpx.AsyncClient:
    return fleet.client(Role.INTEGRATION, Role.PROCESS_OWNER)


def definition(**values: Any) -> dict[str, Any]:
    return {
        "name": "Restore time of big things",
        "description": "p90 by month resolved",
        "direction": "lower_is_better",
        "formula": "time_to_restore",
        "parameters": {"statistic": "p90", "period_by": "resolved"},
        "owner": "anna",
        **values,
    }


class TestListMeasures:
    async def test_the_built_in_ones_are_there_from_the_start(self, owner: httpx.AsyncClient) -> None:
        keys = {measure["key"] for measure in (await owner.get(URL)).json()}
        assert {"sla_attainment", "mttr_mean", "mttr_median", "mttr_p90", "reopen_rate", "first_response"} <= keys
        assert "callback_coverage" in keys


class TestPutMeasure:
    async def test_a_changed_definition_is_a_new_version_and_the_same_is_none(self, owner: httpx.AsyncClient) -> None:
        first = await owner.put(f"{URL}/restore_big", json=definition())
        same = await owner.put(f"{URL}/restore_big", json=definition())
        changed = await owner.put(f"{URL}/restore_big", json=definition(owner="bert"))
        assert [answer.json()["definition_version"] for answer in (first, same, changed)] == [1, 1, 2]

    @pytest.mark.parametrize(
        ("values", "word"),
        [
            ({"formula": "magic"}, "sla_attainment"),
            ({"parameters": {"statistic": "p99"}}, "p90"),
            ({"parameters": {"colour": "red"}}, "statistic"),
        ],
    )
    async def test_what_the_formula_does_not_take_is_named(
        self, owner: httpx.AsyncClient, values: dict[str, Any], word: str
    ) -> None:
        answer = await owner.put(f"{URL}/restore_big", json=definition(**values))
        assert answer.status_code == 422
        assert word in answer.json()["detail"]


class TestSetTarget:
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


class TestGetSeries:
    async def test_no_data_is_never_zero(self, owner: httpx.AsyncClient) -> None:
        series = (await owner.get(f"{URL}/sla_attainment/series?from=2025-01&to=2025-12")).json()
        assert (series["points"], series["overall"]) == ([], {"value": None, "numerator": None, "n": 0})

    async def test_the_overall_value_is_no_mean_of_months(self, owner: httpx.AsyncClient) -> None:
        await send(owner, month_of_tickets(3, 1, 9) + month_of_tickets(4, 30, 0))

        async def both() -> dict[str, Any]:
            series: dict[str, Any] = (await owner.get(f"{URL}/sla_attainment/series?from=2025-03&to=2025-04")).json()
            assert [point["value"] for point in series["points"]] == [0.1, 1.0]
            return series

        assert (await eventually(both))["overall"] == {"value": 31 / 40, "numerator": 31, "n": 40}

    async def test_a_scope_that_nobody_keeps_is_computed_for_the_answer(self, owner: httpx.AsyncClient) -> None:
        await send(owner, [{**ticket, "service": "mail"} for ticket in month_of_tickets(3, 1, 9)])
        url = f"{URL}/sla_attainment/series?from=2025-03&to=2025-04&scope=service=mail"
        series = (await owner.get(url)).json()
        assert [point["value"] for point in series["points"]] == [0.1]
        assert series["materialised"] is False

    @pytest.mark.parametrize(
        "query", ["from=2025-13", "from=2025-02-31", "from=0000-01", "from=2025-03&to=2025-01", "scope=x", "from=x"]
    )
    async def test_nonsense_is_422(self, owner: httpx.AsyncClient, query: str) -> None:
        assert (await owner.get(f"{URL}/sla_attainment/series?{query}")).status_code == 422
