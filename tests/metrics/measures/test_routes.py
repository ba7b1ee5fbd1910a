from typing import Any

import httpx
import pytest

from services.metrics.measures.jobs import tell_reviews_due
from shared.auth import Role
from shared.http import acting
from tests.support.solo import Solo

URL = "/metrics/v1/measures"


@pytest.fixture
def owner(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.INTEGRATION, Role.PROCESS_OWNER)


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


class TestListFormulas:
    async def test_each_says_what_it_takes(self, owner: httpx.AsyncClient) -> None:
        """R130, R131, R133-R136: F1-F6, F10-F14 are there by name."""
        formulas = {formula["key"]: formula for formula in (await owner.get("/metrics/v1/formulas")).json()}
        assert formulas["time_to_restore"]["parameters"]["statistic"] == ["mean", "median", "p90"]
        assert formulas["callback_coverage"]["dimensions"] == ["service", "customer", "group"]
        assert {"handling_time", "on_time_rate", "availability", "outage_count", "satisfaction"} <= set(formulas)
        assert "clause" not in formulas


class TestListMeasures:
    async def test_the_built_in_ones_are_there_from_the_start(self, owner: httpx.AsyncClient) -> None:
        keys = {measure["key"] for measure in (await owner.get(URL)).json()}
        assert {"sla_attainment", "mttr_mean", "mttr_median", "mttr_p90", "reopen_rate", "first_response"} <= keys
        assert {"callback_coverage", "availability", "longest_outage", "satisfaction"} <= keys


class TestPutMeasure:
    async def test_a_changed_definition_is_a_new_version_and_the_same_is_none(self, owner: httpx.AsyncClient) -> None:
        """R23: calculation, collection, owner and frequency, versioned; the old definition stays."""
        first = await owner.put(f"{URL}/restore_big", json=definition())
        same = await owner.put(f"{URL}/restore_big", json=definition())
        changed = await owner.put(f"{URL}/restore_big", json=definition(owner="bert", review_due="2026-12-31"))
        assert [answer.json()["definition_version"] for answer in (first, same, changed)] == [1, 1, 2]
        versions = (await owner.get(f"{URL}/restore_big/definitions")).json()
        assert [version["definition"]["owner"] for version in versions] == ["anna", "bert"]

    @pytest.mark.parametrize(
        ("values", "word"),
        [
            ({"formula": "magic"}, "sla_attainment"),
            ({"formula": "clause", "parameters": {"clause": "x"}}, "none of"),
            ({"parameters": {"statistic": "p99"}}, "p90"),
            ({"parameters": {"colour": "red"}}, "statistic"),
            ({"unit": "minutes"}, "hours"),
            ({"formula": "reported", "parameters": {}}, "unit"),
            ({"formula": "reported", "parameters": {}, "unit": "percent", "data_kind": "proportion"}, "ratio"),
            ({"formula": "cause_share", "parameters": {}}, "cause"),
            (
                {
                    "formula": "callback_coverage",
                    "parameters": {},
                    "direction": "higher_is_better",
                    "dimensions": ["priority"],
                },
                "service, customer, group",
            ),
        ],
    )
    async def test_what_the_formula_does_not_take_is_named(
        self, owner: httpx.AsyncClient, values: dict[str, Any], word: str
    ) -> None:
        answer = await owner.put(f"{URL}/restore_big", json=definition(**values))
        assert answer.status_code == 422
        assert word in answer.json()["detail"]

    async def test_tells_of_itself(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        await owner.put(f"{URL}/restore_big", json=definition(frequency="quarterly"))
        (told,) = await solo.events("measure.defined")
        assert (told.data["key"], told.data["frequency"], told.data["version"]) == ("restore_big", "quarterly", 1)


class TestScopes:
    async def test_one_is_kept_under_one_name_and_dropped_again(self, owner: httpx.AsyncClient) -> None:
        url = f"{URL}/sla_attainment/scopes"
        kept = await owner.post(url, json={"scope": "priority=1,customer=acme"})
        assert (kept.status_code, kept.json()) == (201, ["all", "customer=acme,priority=1"])
        again = await owner.post(url, json={"scope": "customer=acme,priority=1"})
        assert again.json() == ["all", "customer=acme,priority=1"]
        gone = await owner.delete(url, params={"scope": "customer=acme,priority=1"})
        assert gone.status_code == 204
        assert (await owner.get(url)).json() == ["all"]

    async def test_all_stays(self, owner: httpx.AsyncClient) -> None:
        answer = await owner.delete(f"{URL}/sla_attainment/scopes", params={"scope": "all"})
        assert answer.status_code == 422

    async def test_a_dimension_that_the_facts_have_not_is_named(self, owner: httpx.AsyncClient) -> None:
        answer = await owner.post(f"{URL}/callback_coverage/scopes", json={"scope": "priority=1"})
        assert (answer.status_code, "service, customer, group" in answer.json()["detail"]) == (422, True)


class TestReviewsDue:
    async def test_the_owner_hears_once(self, solo: Solo, owner: httpx.AsyncClient) -> None:
        """R64: indicators are reviewed periodically."""
        await owner.put(f"{URL}/restore_big", json=definition(review_due="2025-06-30"))
        for _ in range(2):
            async with acting("service:metrics"):
                await tell_reviews_due(solo.database)
        (told,) = await solo.events("measure.review_due")
        assert (told.subject, told.data["owner"], told.data["due_on"]) == ("restore_big", "anna", "2025-06-30")
