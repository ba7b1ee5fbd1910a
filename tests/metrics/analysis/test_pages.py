"""The page of what a measure's past tells."""

from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from shared.auth import Role
from shared.pages import charts
from shared.workers import AssessmentFailed, Worker
from tests.metrics.analysis.test_routes import STEADY, define, give
from tests.support.solo import Solo

PAGE = "/metrics/measures/waiting/analysis"
ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}
CHINESE = {"Accept": "text/html", "Accept-Language": "zh-CN"}


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


@pytest.fixture
def client(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.AUDITOR)


async def show(client: httpx.AsyncClient, headers: dict[str, str] = ENGLISH, status: int = 200) -> str:
    answer = await client.get(PAGE, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.text


class TestShowAnalysis:
    """R143, R144: for people."""

    async def test_shows_chart_signals_changes_forecast_and_description(
        self, solo: Solo, client: httpx.AsyncClient
    ) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY, 31, 30, 32, 31, 29, 30, 31, 33])
        page = await show(client)
        assert "<svg" in page
        assert '<li class="target">Change point</li>' in page
        assert '<li class="signal good">Signal for the better</li>' in page
        assert "7 in a row on one side" in page
        assert "95% prediction intervals" in page
        assert "Sample variance (n − 1)" in page
        assert "20 closed periods" in page
        assert "What cannot be said yet" not in page

    async def test_speaks_chinese(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        page = await show(client, CHINESE)
        for word in ("控制限", "样本方差", "Theil-Sen 斜率", "水平没有变化", "无：波动属于偶然"):
            assert word in page
        for word in ("signals:", "Change points", "sample variance"):
            assert word not in page

    async def test_says_what_cannot_be_said_yet(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY[:4])
        page = await show(client)
        assert "<svg" in page
        assert "Control chart: 4 closed periods of the 5 that it takes" in page
        assert "Change points: 4 closed periods of the 10 that it takes" in page
        assert "Sample variance (n − 1)" in page

    async def test_nothing_at_all_is_no_data_yet(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        assert "No data yet." in await show(client)

    async def test_goes_without_the_worker(
        self, solo: Solo, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> None:
            raise AssessmentFailed("why")

        monkeypatch.setattr(Worker, "ask", fail)
        await define(solo, "waiting")
        await give(solo, "waiting", STEADY)
        page = await show(client)
        assert "<svg" in page
        assert "Forecast: the statistics gave no answer" in page

    async def test_shows_limits_of_the_level_held_only(self, solo: Solo, client: httpx.AsyncClient) -> None:
        await define(solo, "waiting")
        await give(solo, "waiting", [*STEADY, 21, 22, 20, 23, 21, 22])
        body = {"value": 21.0, "effective_from": "2025-01-01", "reason": "signed"}
        await solo.client(Role.QUALITY_MANAGER).post("/metrics/v1/measures/waiting/baselines", json=body)
        page = await show(client)
        assert "limits from Jan 2025 to May 2025, 5 periods" in page

    async def test_warns_of_a_target_that_will_be_missed(self, solo: Solo, client: httpx.AsyncClient) -> None:
        """R146."""
        await define(solo, "waiting")
        await give(solo, "waiting", [30, 31, 32, 33, 34, 35], first=date(2025, 1, 1))
        body = {"value": 36.5, "effective_from": "2025-01-01", "reason": "agreed"}
        await solo.client(Role.QUALITY_MANAGER).post("/metrics/v1/measures/waiting/targets", json=body)
        assert "will be missed in Aug 2025 if the trend goes on" in await show(client)

    async def test_an_unknown_measure_is_not_found(self, client: httpx.AsyncClient) -> None:
        await show(client, status=404)
