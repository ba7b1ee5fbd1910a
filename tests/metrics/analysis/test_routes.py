"""REST of analysis, over values told for the purpose."""

import math
import statistics
from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
import numpy as np
import pytest
from scipy import stats

from services.metrics.measures.periods import next_period
from services.metrics.measures.rules import DataKind
from services.metrics.measures.service import find_measure
from services.metrics.observations.rules import Computed
from services.metrics.observations.service import tell
from shared import clock
from shared.auth import Role
from shared.workers import AssessmentFailed, Worker
from tests.support.solo import Solo

FIRST = date(2024, 1, 1)
STEADY = (41, 43, 40, 42, 44, 41, 43, 42, 40, 42, 41, 43)


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.AUDITOR)


async def define(solo: Solo, key: str, **values: Any) -> None:
    body = {
        "name": key,
        "description": "Told by its owner",
        "direction": "lower_is_better",
        "formula": "reported",
        "unit": "hours",
        "data_kind": "duration",
        "owner": "desk",
        **values,
    }
    answer = await solo.client(Role.QUALITY_MANAGER).put(f"/metrics/v1/measures/{key}", json=body)
    assert answer.status_code == 200, answer.text


async def give(
    solo: Solo, key: str, values: Sequence[float | None], *, scope: str = "all", first: date = FIRST, **of: Any
) -> None:
    """Values of one period after the other; None is a period without data."""
    async with solo.transaction() as session:
        measure = await find_measure(session, key)
        period = first
        for value in values:
            if value is not None:
                computed = Computed(scope, value, **{"numerator": None, "n": 10, **of})
                await tell(session, measure, period, [computed], clock.now(), origin="reported")
            period = next_period(measure.frequency, period)


async def get(client: httpx.AsyncClient, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/metrics/v1/{path}", params=query)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def analysis(what: str, key: str = "waiting") -> str:
    return f"measures/{key}/analysis/{what}"


ALL = ("description", "trend", "control-chart", "change-points", "forecast")


class TestEveryAnswer:
    """R142: what it rests on."""

    @pytest.mark.parametrize("what", ALL)
    async def test_says_what_it_rests_on_and_how_it_was_come_by(
        self, solo: Solo, client: httpx.AsyncClient, what: str
    ) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        told = await get(client, analysis(what))
        assert (told["measure"], told["definition_version"], told["scope"], told["unit"]) == (
            "waiting",
            1,
            "all",
            "hours",
        )
        assert (told["n"], told["cases"]) == (12, 120)
        assert [used["value"] for used in told["periods"]] == list(STEADY)
        assert {used["revision"] for used in told["periods"]} == {1}
        assert told["method"]
        assert told["alpha"] == {"description": None, "control-chart": None}.get(what, 0.05)

    @pytest.mark.parametrize(
        ("what", "needed"),
        [("description", 2), ("trend", 5), ("control-chart", 5), ("change-points", 10), ("forecast", 5)],
    )
    async def test_too_few_points_are_a_problem_that_counts_them(
        self, solo: Solo, client: httpx.AsyncClient, what: str, needed: int
    ) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY[: needed - 1])
        told = await get(client, analysis(what), 422)
        assert told["type"] == "urn:ratchet:problem:too-few-points"
        assert (told["found"], told["needed"]) == (needed - 1, needed)
        assert f"{needed - 1} closed periods" in told["detail"]
        assert f"at least {needed}" in told["detail"]
        await give(solo, "waiting", STEADY[needed - 1 : needed], first=date(2024, needed, 1))
        await get(client, analysis(what))

    @pytest.mark.parametrize("what", ALL)
    async def test_unknown_measures_and_scopes_are_told(self, client: httpx.AsyncClient, what: str) -> None:
        assert (await get(client, analysis(what, "nothing"), 404))["title"] == "Measure not found"
        assert (await get(client, analysis(what, "sla_attainment"), 422, scope="moon=full"))["title"] == "Unsound scope"
        span = {"from": "2025-02", "to": "2025-01"}
        assert (await get(client, analysis(what, "sla_attainment"), 422, **span))["title"] == "Unsound range"

    async def test_only_closed_periods_at_their_newest_revision_within_the_span(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY[:6], None, 50])
        await give(solo, "waiting", [99], first=date(2024, 3, 1))
        await give(solo, "waiting", [1000], first=clock.now().date().replace(day=1))
        told = await get(client, analysis("description"), **{"from": "2024-02"})
        assert [used["value"] for used in told["periods"]] == [43, 99, 42, 44, 41, 50]
        assert [used["revision"] for used in told["periods"]] == [1, 2, 1, 1, 1, 1]
        assert (await get(client, analysis("description"), to="2024-02"))["n"] == 2

    async def test_a_month_with_nothing_to_count_is_a_zero_where_others_had_some(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        """F12, R135: a service without a fault in a month had none; before its first, nobody knows."""
        await give(solo, "incident_count", [9, 7, 8, 9, None, 6])
        await give(solo, "incident_count", [None, 3, None, 2, None, None], scope="service=mail")
        told = await get(client, analysis("description", "incident_count"), scope="service=mail")
        assert [used["value"] for used in told["periods"]] == [3, 0, 2, 0]
        assert [used["revision"] for used in told["periods"]] == [1, None, 1, None]

    @pytest.mark.parametrize(
        ("what", "query"),
        [
            ("trend", {"alpha": 0.0001}),
            ("trend", {"alpha": 0.4}),
            ("change-points", {"alpha": 0.0001}),
            ("forecast", {"level": 0.9999, "horizon": 12}),
            ("forecast", {"level": 0.5}),
        ],
    )
    async def test_answers_at_the_edges_of_what_may_be_asked(
        self, solo: Solo, client: httpx.AsyncClient, what: str, query: dict[str, float]
    ) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        await get(client, analysis(what), **query)
        for beyond in (0.0, 1.0):
            name = next(iter(query))
            assert (await get(client, analysis(what), 422, **{name: beyond}))["title"] == "Malformed"

    async def test_says_that_the_worker_gave_no_answer(
        self, solo: Solo, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> None:
            raise AssessmentFailed("no answer after 20 s")

        monkeypatch.setattr(Worker, "ask", fail)
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        told = await get(client, analysis("description"), 503)
        assert (told["title"], told["detail"]) == ("Assessment failed", "no answer after 20 s")
        await get(client, analysis("trend"))

    async def test_is_for_staff(self, solo: Solo) -> None:
        for path in (*map(analysis, ALL), "analysis/correlation?a=x&b=y"):
            assert (await solo.client(Role.INTEGRATION).get(f"/metrics/v1/{path}")).status_code == 403


class TestDescription:
    async def test_is_f17(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R143, F17."""
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        told = await get(client, analysis("description"))
        assert told["mean"] == pytest.approx(statistics.fmean(STEADY))
        assert told["variance"] == pytest.approx(statistics.variance(STEADY))
        assert (told["median"], told["minimum"], told["maximum"]) == (42, 40, 44)
        assert told["quantiles"]["0.9"] == pytest.approx(np.percentile(STEADY, 90))


class TestTrend:
    """R144, F18."""

    async def test_is_theil_and_sens_by_the_calendar(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        values = [40, 42, None, 41, 45, 44, None, None, 49, 47]
        await give(solo, "waiting", values)
        at, y = zip(*[(at, value) for at, value in enumerate(values) if value is not None], strict=True)
        expected = stats.theilslopes(y, at, alpha=0.05)
        told = await get(client, analysis("trend"))
        assert [told["slope"], told["low"], told["high"], told["intercept"]] == pytest.approx(
            [expected.slope, expected.low_slope, expected.high_slope, expected.intercept]
        )
        assert (told["verdict"], told["warning"]) == ("worse", None)

    async def test_warns_before_the_target_is_missed(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R146."""
        await define(solo, "waiting")
        await give(solo, "waiting", [30, 31, 32, 33, 34, 35])
        body = {"value": 36.5, "effective_from": "2024-01-01", "reason": "agreed"}
        set_ = await solo.client(Role.QUALITY_MANAGER).post("/metrics/v1/measures/waiting/targets", json=body)
        assert set_.status_code == 201, set_.text
        told = await get(client, analysis("trend"))
        assert told["warning"] == {
            "target": 36.5,
            "crosses_on": "2024-08-01",
            "periods_ahead": 2,
            "projected": pytest.approx(37),
        }

    async def test_noise_is_unclear(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        told = await get(client, analysis("trend"), alpha=0.01)
        assert (told["verdict"], told["alpha"]) == ("unclear", 0.01)

    async def test_a_quarter_is_a_period(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting", frequency="quarterly")
        await give(solo, "waiting", [10, 12, 14, 16, 18, 20])
        assert (await get(client, analysis("trend")))["slope"] == pytest.approx(2)


class TestControlChart:
    """R32, F18."""

    async def test_has_limits_and_signals(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY, 60])
        told = await get(client, analysis("control-chart"), reference_from="2024-01", reference_to="2024-12")
        sigma = float(np.abs(np.diff(STEADY)).mean()) / 1.128
        assert (told["kind"], told["reference"], told["reference_n"]) == ("xmr", "given", 12)
        assert told["centre"] == pytest.approx(np.mean(STEADY))
        assert told["points"][-1]["upper"] == pytest.approx(np.mean(STEADY) + 3 * sigma)
        assert told["signals"] == [{"period": "2025-01-01", "rule": "outlier", "side": "above", "adverse": True}]

    async def test_a_proportion_has_limits_by_its_n(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "training", unit="ratio", data_kind="proportion", direction="higher_is_better")
        for month, (k, n) in enumerate([(45, 50), (92, 100), (180, 200), (47, 50), (60, 100)], 1):
            await give(solo, "training", [k / n], first=date(2024, month, 1), numerator=float(k), n=n)
        told = await get(client, analysis("control-chart", "training"))
        mean = (45 + 92 + 180 + 47 + 60) / 500
        assert (told["kind"], told["centre"]) == ("p", pytest.approx(mean))
        assert told["points"][1]["lower"] == pytest.approx(mean - 3 * (mean * (1 - mean) / 100) ** 0.5)
        assert told["signals"][-1] == {"period": "2024-05-01", "rule": "outlier", "side": "below", "adverse": True}

    async def test_begins_where_the_baseline_in_force_does(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R29: the level before an improvement judges nothing that came after it."""
        await define(solo, "waiting")
        better = [21, 22, 20, 23, 21, 22, 21]
        await give(solo, "waiting", [*STEADY, *better])
        body = {"value": 21.0, "effective_from": "2025-01-01", "reason": "signed"}
        set_ = await solo.client(Role.QUALITY_MANAGER).post("/metrics/v1/measures/waiting/baselines", json=body)
        assert set_.status_code == 201, set_.text
        told = await get(client, analysis("control-chart"))
        assert (told["reference"], told["reference_from"], told["reference_to"]) == (
            "baseline",
            "2025-01-01",
            "2025-06-01",
        )
        assert [point["value"] for point in told["points"]] == better
        assert told["signals"] == []

    async def test_a_young_baseline_has_too_few(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        body = {"value": 42.0, "effective_from": "2024-10-01", "reason": "signed"}
        await solo.client(Role.QUALITY_MANAGER).post("/metrics/v1/measures/waiting/baselines", json=body)
        told = await get(client, analysis("control-chart"), 422)
        assert (told["found"], "since 2024-10" in told["detail"]) == (3, True)

    async def test_half_a_reference_is_none(self, client: httpx.AsyncClient) -> None:
        told = await get(client, analysis("control-chart", "sla_attainment"), 422, reference_from="2024-01")
        assert "both or neither" in told["detail"]


class TestChangePoints:
    """R144."""

    async def test_tells_the_month_and_whether_it_got_better(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY, 31, 30, 32, 31, 29, 30, 31, 33])
        told = await get(client, analysis("change-points"))
        (change,) = told["changes"]
        assert (change["period"], change["verdict"], change["before"], change["after"]) == (
            "2025-01-01",
            "better",
            42,
            31,
        )
        assert change["p_adjusted"] == pytest.approx(change["p_value"] * told["places"])
        assert told["places"] == 20 - 2 * told["minimum_segment"] + 1

    async def test_one_spike_is_none(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY[:6], 400, *STEADY[6:]])
        assert (await get(client, analysis("change-points")))["changes"] == []


class TestForecast:
    """R144."""

    async def test_names_the_next_periods_and_their_level(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting", frequency="quarterly")
        await give(solo, "waiting", [10, 12, 14, 16, 18, 20])
        told = await get(client, analysis("forecast"), horizon=2, level=0.8)
        assert [point["period"] for point in told["points"]] == ["2025-07-01", "2025-10-01"]
        assert [point["value"] for point in told["points"]] == pytest.approx([22, 24])
        assert (told["level"], told["alpha"]) == (0.8, pytest.approx(0.2))
        assert "prediction interval" in told["method"]

    @pytest.mark.parametrize(
        ("data_kind", "unit", "values", "most"),
        [
            ("proportion", "ratio", [0.8, 0.9, 0.93, 0.97, 0.99], 1.0),
            ("duration", "hours", [9, 7, 4, 2, 1], math.inf),
            ("count", "count", [9, 7, 4, 2, 1], math.inf),
        ],
    )
    async def test_stays_within_what_the_measure_can_be(
        self, solo: Solo, client: httpx.AsyncClient, data_kind: DataKind, unit: str, values: list[float], most: float
    ) -> None:
        await define(solo, "waiting", data_kind=data_kind, unit=unit)
        await give(solo, "waiting", values)
        for point in (await get(client, analysis("forecast"), horizon=12))["points"]:
            assert 0 <= point["low"] <= point["value"] <= point["high"] <= most


class TestCorrelation:
    """R145, F19."""

    async def test_agrees_with_scipy_and_finds_the_lag(self, solo: Solo, client: httpx.AsyncClient) -> None:
        rng = np.random.default_rng(6)
        load = rng.normal(100, 10, 20)
        wait = np.concatenate([[30.0, 31.0], load[:-2] / 4 + rng.normal(0, 0.5, 18)])
        await define(solo, "load", unit="points", data_kind="value")
        await define(solo, "waiting")
        await give(solo, "load", load.tolist())
        await give(solo, "waiting", wait.tolist())
        told = await get(client, "analysis/correlation", a="load", b="waiting", lags=3)
        assert (told["strongest_lag"], told["significant"], told["tests"], told["n"]) == (2, True, 7, 20)
        at_two = told["lags"][5]
        assert (at_two["lag"], at_two["n"]) == (2, 18)
        expected = stats.pearsonr(load[:-2], wait[2:])
        assert at_two["pearson"]["value"] == pytest.approx(expected.statistic)
        assert at_two["pearson"]["p_value"] == pytest.approx(expected.pvalue)
        assert at_two["spearman"]["value"] == pytest.approx(stats.spearmanr(load[:-2], wait[2:]).statistic)
        assert (told["a"]["measure"], told["b"]["measure"], told["a"]["n"]) == ("load", "waiting", 20)
        assert "Bonferroni" in told["method"]

    async def test_two_trends_are_flagged(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """Whatever rises goes with whatever rises."""
        await define(solo, "waiting")
        await define(solo, "load")
        await give(solo, "waiting", [10 + at + at % 2 for at in range(12)])
        await give(solo, "load", [50 - at - at % 3 for at in range(12)])
        told = await get(client, "analysis/correlation", a="load", b="waiting")
        assert (told["significant"], told["common_trend"]) == (True, True)

    async def test_too_few_pairs(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await define(solo, "load")
        await give(solo, "waiting", STEADY)
        await give(solo, "load", STEADY, first=date(2024, 6, 1))
        told = await get(client, "analysis/correlation", 422, a="load", b="waiting")
        assert (told["title"], told["found"], told["needed"]) == ("Too few points", 7, 8)

    async def test_what_never_varies(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await define(solo, "load")
        await give(solo, "waiting", STEADY)
        await give(solo, "load", [5.0] * 12)
        told = await get(client, "analysis/correlation", 422, a="waiting", b="load")
        assert (told["title"], "load hardly changes" in told["detail"]) == ("Nothing varies", True)

    async def test_months_and_quarters_do_not_pair(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await define(solo, "load", frequency="quarterly")
        told = await get(client, "analysis/correlation", 422, a="waiting", b="load")
        assert told["title"] == "Not comparable"
