"""R85: the analysis in a browser: sampling risk first, in both languages, with words of others as text."""

import pytest

from shared.auth import Role
from tests.satisfaction.analysis.building import make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.support.solo import Solo


@pytest.mark.parametrize(("language", "words"), [("en", "Sampling risk"), ("zh-CN", "抽样风险")])
async def test_shows_what_came_out(solo: Solo, analyse: Analyse, language: str, words: str) -> None:
    campaign_id = await make_campaign(solo, {"<b>north": (100, 10, score(8, 2))}, title="<i>Yearly")
    await analyse(solo)
    async with solo.client(Role.AUDITOR) as reader:
        page = await reader.get(
            f"/satisfaction/campaigns/{campaign_id}/analysis", headers={"Accept-Language": language}
        )
    assert page.status_code == 200
    assert words in page.text
    assert "&lt;b&gt;north" in page.text
    assert "<i>Yearly" not in page.text
    assert "80.0" in page.text
