from datetime import timedelta

import httpx
import pytest

from shared import clock
from shared.app import Service
from tests.satisfaction.callbacks.building import ANSWERS, recently, scheduled
from tests.satisfaction.callbacks.test_pages import HOSTILE

PATH = "/satisfaction/callback-figures"


@pytest.fixture
def browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The desk, whose REST calls this also makes."""
    client.headers["accept"] = "text/html"
    return client


class TestShowFigures:
    async def test_coverage_and_satisfaction_with_their_n(self, service: Service, browser: httpx.AsyncClient) -> None:
        """F23, F4, R200: by handler, phone and link told apart."""
        for number, (handler, score, channel) in enumerate(
            [("Li Wei", 5, "phone"), ("Li Wei", 2, "link"), ("Chen Jie", 4, "phone")]
        ):
            path = await scheduled(service, recently(number=number, resolver=handler))
            body = {"solved": "yes", "score": score, "channel": channel, "conduct": {"courtesy": score}}
            assert (await browser.post(f"{path}/complete", json=body)).status_code == 200
        await scheduled(service, recently(number=9, resolver=None))
        page = (await browser.get(PATH, params={"by": "handler"})).text
        for words in ("75.0%", "66.7%", "Li Wei", "Chen Jie", "not known", "Phone", "Link", "Polite and friendly 3.50"):
            assert words in page, words
        assert page.index("Chen Jie") < page.index("Li Wei") < page.index("not known")
        page = (await browser.get(PATH, params={"by": "mode"}, headers={"accept-language": "zh-CN"})).text
        assert "回访率与满意度" in page

    async def test_days_are_chosen(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await scheduled(service, recently(group="Group A"))
        await browser.post(f"{path}/complete", json=ANSWERS)
        today = (clock.now() - timedelta(hours=1)).date()
        page = (await browser.get(PATH, params={"from": today.isoformat(), "to": today.isoformat()})).text
        assert "Group A" in page
        before = (today - timedelta(days=1)).isoformat()
        page = (await browser.get(PATH, params={"from": before, "to": before})).text
        assert "Nothing was resolved in this time." in page

    @pytest.mark.parametrize(
        "given", [{"from": "soon"}, {"from": "2026-03-02", "to": "2026-03-01"}, {"to": "9999-99-99"}]
    )
    async def test_days_that_are_none_are_told_so(self, browser: httpx.AsyncClient, given: dict[str, str]) -> None:
        answer = await browser.get(PATH, params=given)
        assert (answer.status_code, "Choose two days" in answer.text) == (422, True)

    async def test_goes_on_to_the_next_page(self, service: Service, browser: httpx.AsyncClient) -> None:
        for number in range(52):
            await scheduled(service, recently(number=number, group=f"group {number:02}"))
        page = (await browser.get(PATH)).text
        assert "group 49" in page
        assert "group 50" not in page
        following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        page = (await browser.get(following)).text
        assert "group 50" in page
        assert "group 51" in page
        assert 'rel="next"' not in page

    async def test_what_came_from_outside_is_escaped(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await scheduled(service, recently(group=HOSTILE))
        await browser.post(f"{path}/complete", json=ANSWERS)
        page = (await browser.get(PATH, params={"by": HOSTILE[:20]})).text
        assert "<script" not in page
        assert page.count("&lt;script&gt;") == 2

    async def test_who_is_not_signed_in_is_asked_to(self, browser: httpx.AsyncClient) -> None:
        del browser.headers["Authorization"]
        assert (await browser.get(PATH)).status_code == 401
