"""Campaigns in a browser, without JavaScript, in English and Chinese."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.auth import Role
from tests.satisfaction.campaigns.building import PATH, create, draw, hear, people, signed, upload
from tests.support.solo import Solo

PAGES = "/satisfaction/campaigns"


@pytest.fixture
async def quality(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.QUALITY_MANAGER, subject="li.na") as client:
        client.headers["accept"] = "text/html"
        yield client


class TestList:
    async def test_shows_campaigns_by_state(self, quality: httpx.AsyncClient) -> None:
        assert "There is no survey here." in (await quality.get(PAGES)).text
        await create(quality, title="<b>2026</b>")
        shown = (await quality.get(PAGES, params={"state": "draft"})).text
        assert "&lt;b&gt;2026&lt;/b&gt;" in shown
        assert "<b>2026</b>" not in shown
        assert "2026" not in (await quality.get(PAGES, params={"state": "closed"})).text
        chinese = await quality.get(PAGES, headers={"accept-language": "zh-CN"})
        assert "满意度调查" in chinese.text

    async def test_leads_on(self, quality: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.satisfaction.campaigns.pages._ON_A_PAGE", 1)
        await create(quality, title="First")
        await create(quality, title="Second")
        shown = (await quality.get(PAGES)).text
        assert ("Second" in shown, "First" in shown, 'rel="next"' in shown) == (True, False, True)


class TestNew:
    async def test_writes_a_draft(self, quality: httpx.AsyncClient) -> None:
        form = (await quality.get(f"{PAGES}/new")).text
        assert "Quality of IT service" in form
        typed = {
            "title": "Customers",
            "kind": "company",
            "questionnaire_key": "nps",
            "customer": "",
            "closes_at": "2099-01-01T12:00",
            "margin": "0.1",
            "expected_response_rate": "0.5",
            "anonymous": "true",
        }
        answer = await quality.post(PAGES, data=typed)
        assert answer.status_code == 303
        made = (await quality.get(PATH)).json()["items"][0]
        assert (made["title"], made["customer"], made["closes_at"], made["anonymous"]) == (
            "Customers",
            None,
            "2099-01-01T12:00:00Z",
            True,
        )
        assert made["number"] in (await quality.get(answer.headers["location"])).text

    async def test_says_what_to_mend(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        refused = await quality.post(PAGES, data={"title": "", "kind": "company", "questionnaire_key": "nps"})
        assert (refused.status_code, "Title" in refused.text) == (422, True)
        refused = await quality.post(PAGES, data={"title": "T", "kind": "project", "questionnaire_key": "nps"})
        assert (refused.status_code, "fit each other" in refused.text) == (422, True)
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.get(f"{PAGES}/new")).status_code == 403


class TestCourse:
    async def test_from_the_file_to_the_end(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        await hear(solo, signed("SLA-1", "response"))
        page = f"{PAGES}/{(await create(quality))['id']}"
        assert "Nobody is in the population yet." in (await quality.get(page)).text
        refused = await quality.post(f"{page}/launch")
        assert (refused.status_code, "sample drawn" in refused.text) == (409, True)
        file = {"file": ("people.csv", people({"north": 3}).encode(), "text/csv")}
        assert (await quality.post(f"{page}/population", files=file)).status_code == 303
        assert (await quality.post(f"{page}/draw", data={"seed": "s"})).status_code == 303
        shown = (await quality.get(f"{page}?done=draw")).text
        assert ("The sample is drawn." in shown, "nobody is asked" in shown) == (True, True)
        waiver = {"clauses": "SLA-1/response\r\n", "reason": "asked <i>by phone</i>"}
        assert (await quality.post(f"{page}/waivers", data=waiver)).status_code == 303
        shown = (await quality.get(page)).text
        assert ("Nothing is missing." in shown, "&lt;i&gt;" in shown) == (True, True)
        assert (await quality.post(f"{page}/launch")).status_code == 303
        shown = (await quality.get(page)).text
        assert ("0 of 3" in shown, "links.csv" in shown) == (True, True)
        assert (await quality.post(f"{page}/close")).status_code == 303
        assert "Close now" not in (await quality.get(page)).text

    async def test_a_flawed_file_is_told_row_by_row(self, quality: httpx.AsyncClient) -> None:
        page = f"{PAGES}/{(await create(quality))['id']}"
        file = {"file": ("people.csv", b"reference,email\na,nobody\nb,\n", "text/csv")}
        refused = await quality.post(f"{page}/population", files=file)
        assert (refused.status_code, "no e-mail address like" in refused.text) == (422, True)
        taken = await quality.post(f"{page}/population", files=file, data={"skip_flawed": "true"})
        assert taken.status_code == 303
        broken = {"file": ("people.xlsx", b"no workbook", "x/y")}
        assert (await quality.post(f"{page}/population", files=broken)).status_code == 422
        assert (await quality.post(f"{page}/population", data={"mode": "append"})).status_code == 422
        assert (await quality.post(f"{page}/known-customers")).status_code == 303

    async def test_a_refused_draw_changes_nothing(self, quality: httpx.AsyncClient) -> None:
        """What the refused form had begun to write is taken back."""
        campaign = (await create(quality))["id"]
        await upload(quality, campaign, people({"north": 2}))
        await draw(quality, campaign)
        row = (await quality.get(f"{PATH}/{campaign}")).json()
        headers = {"If-Match": f'"{row["version"]}"'}
        await quality.patch(f"{PATH}/{campaign}", json={"strata": ["north", "south"]}, headers=headers)
        refused = await quality.post(f"{PAGES}/{campaign}/draw", data={})
        assert (refused.status_code, "south" in refused.text) == (409, True)
        drawn = (await quality.get(f"{PATH}/{campaign}/population", params={"drawn": True})).json()["items"]
        assert len(drawn) == 2

    async def test_is_for_who_asks_at_this_level(self, solo: Solo, quality: httpx.AsyncClient) -> None:
        """R47"""
        campaign = (await create(quality))["id"]
        async with solo.client(Role.SERVICE_DESK) as desk:
            desk.headers["accept"] = "text/html"
            assert "Give it up" not in (await desk.get(f"{PAGES}/{campaign}")).text
            assert (await desk.post(f"{PAGES}/{campaign}/cancel")).status_code == 403
            assert (await desk.post(f"{PAGES}/{campaign}/draw")).status_code == 403
        assert (await quality.post(f"{PAGES}/{campaign}/cancel")).status_code == 303
        assert (await quality.get(f"{PAGES}/{'0' * 32}")).status_code == 404
        assert (await quality.post(f"{PAGES}/{'0' * 32}/cancel")).status_code == 404
