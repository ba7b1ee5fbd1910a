"""R85: the analysis in a browser: sampling risk first, in both languages, with words of others as text."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.auth import Role
from shared.pages import charts
from tests.satisfaction.analysis.building import CLOSED_AT, make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.satisfaction.analysis.test_jobs import PAIRS
from tests.support.solo import Solo

PATH = "/satisfaction/campaigns"


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


class TestShowAnalysis:
    @pytest.mark.parametrize(
        ("language", "words", "drawn"),
        [("en", "Sampling risk", "Response by stratum"), ("zh-CN", "抽样风险", "各分层回答率")],
    )
    async def test_shows_what_came_out(
        self, solo: Solo, analyse: Analyse, language: str, words: str, drawn: str
    ) -> None:
        campaign_id = await make_campaign(solo, {"<b>north": (100, 10, score(8, 2))}, title="<i>Yearly")
        await analyse(solo)
        async with solo.client(Role.AUDITOR) as reader:
            page = await reader.get(f"{PATH}/{campaign_id}/analysis", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert words in page.text
        assert f"<figcaption>{drawn}</figcaption>" in page.text
        assert "&lt;b&gt;north" in page.text
        assert "<i>Yearly" not in page.text
        assert "<b>north" not in page.text
        assert "80.0" in page.text
        assert "responses.csv" not in page.text  # an auditor may not have them

    async def test_gaps_and_the_campaigns_before_are_drawn(self, solo: Solo, analyse: Analyse) -> None:
        """R175: the gap's chart has the interval in words; the trend has both campaigns, the comparison its test."""
        for years, perceived in ((1, (2, 3, 4)), (0, (4, 5, 6))):
            answers = [{"one": {"expectation": 6, "perception": step}} for step in perceived]
            closed_at = CLOSED_AT - timedelta(days=365 * years)
            campaign_id = await make_campaign(
                solo, {"all": (9, 9, answers)}, content=PAIRS, closed_at=closed_at, analysis_due_at=closed_at
            )
            await analyse(solo)
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            page = (await reader.get(f"{PATH}/{campaign_id}/analysis")).text
        assert "<figcaption>Gap by dimension</figcaption>" in page
        # gaps −2, −1, 0 of three of nine people: ± 4.3027 · √(1/3 · 6/8) = 2.15
        assert "Tangibles: -1, -3.15 to 1.15 (n = 3)" in page
        assert "<figcaption>Satisfaction index over the campaigns</figcaption>" in page
        assert "Jun 2025: 33.33" in page
        assert "Jun 2026: 66.67" in page
        assert "Welch&#39;s test" in page
        assert "no α: has a single question" in page
        assert "responses.csv" in page

    async def test_nobody_answered(self, solo: Solo, analyse: Analyse) -> None:
        campaign_id = await make_campaign(solo, {"all": (9, 0, [])}, content=PAIRS)
        await analyse(solo)
        async with solo.client(Role.QUALITY_MANAGER) as reader:
            page = await reader.get(f"{PATH}/{campaign_id}/analysis")
            assert (page.status_code, "too few answered" in page.text) == (200, True)
            assert (await reader.get(f"{PATH}/{campaign_id}/comments")).status_code == 200

    async def test_again_by_a_button(self, solo: Solo, analyse: Analyse) -> None:
        campaign_id = await make_campaign(solo, {"all": (10, 10, score(6, 4))})
        await analyse(solo)
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            assert (await manager.post(f"{PATH}/{campaign_id}/analyse")).status_code == 303
            await analyse(solo)
            assert "revision 2" in (await manager.get(f"{PATH}/{campaign_id}/analysis")).text
        async with solo.client(Role.AUDITOR) as auditor:
            assert (await auditor.post(f"{PATH}/{campaign_id}/analyse")).status_code == 403


class TestShowComments:
    async def test_words_of_others_are_text_and_those_of_few_are_withheld(self, solo: Solo) -> None:
        strata = {
            "few": (9, 5, score(4, 0, why="it is me")),
            "more": (9, 6, score(6, 0)),
            "many": (9, 9, score(9, 0, why="<script>alert(1)</script>\nand more")),
        }
        campaign_id = await make_campaign(solo, strata, anonymous=True)
        async with solo.client(Role.SERVICE_DESK) as desk:
            page = (await desk.get(f"{PATH}/{campaign_id}/comments")).text
        assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;<br>and more") == 9
        assert "it is me" not in page
        assert "fewer than five" in page
