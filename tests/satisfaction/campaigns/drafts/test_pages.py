"""A campaign is written, changed and looked at in a browser."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.auth import Role
from tests.satisfaction.campaigns.building import PATH, create, launch
from tests.support.solo import Solo

PAGES = "/satisfaction/campaigns"


@pytest.fixture
async def quality(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.QUALITY_MANAGER, subject="li.na") as client:
        client.headers["accept"] = "text/html"
        yield client


async def get(client: httpx.AsyncClient, campaign_id: str) -> dict[str, object]:
    found: dict[str, object] = (await client.get(f"{PATH}/{campaign_id}")).json()
    return found


class TestEdit:
    async def test_changes_a_draft_and_empties_what_is_emptied(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality, customer="acme", strata=["north", "south"])
        form = (await quality.get(f"{PAGES}/{made['id']}/edit")).text
        assert ('value="acme"' in form, "north\nsouth" in form, 'value="0.05"' in form) == (True, True, True)
        typed = {
            "version": '"1"', "title": "New", "owner": "wang", "questionnaire_key": "nps", "customer": "",
            "strata": "east\n\nwest\n", "agreements": "SLA-1", "opens_on": "2099-01-01",
            "closes_at": "2099-02-01T10:00",
            "margin": "0.1", "confidence": "0.9", "expected_response_rate": "0.5", "minimum_per_stratum": "3",
            "reminder_every_days": "2", "reminders_at_most": "", "rest_days": "0", "anonymous": "true",
        }  # fmt: skip
        assert (await quality.post(f"{PAGES}/{made['id']}/edit", data=typed)).status_code == 303
        now = await get(quality, made["id"])
        expected = {
            "title": "New", "owner": "wang", "questionnaire_key": "nps", "customer": None, "strata": ["east", "west"],
            "agreements": ["SLA-1"], "opens_on": "2099-01-01", "closes_at": "2099-02-01T10:00:00Z", "margin": 0.1,
            "confidence": 0.9, "reminder_every_days": 2, "reminders_at_most": None, "rest_days": 0, "anonymous": True,
        }  # fmt: skip
        assert {name: now[name] for name in expected} == expected

    async def test_what_somebody_else_changed_meanwhile_stays(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        first = {"version": '"1"', "title": "First", "owner": "li.na"}
        assert (await quality.post(f"{PAGES}/{made['id']}/edit", data=first)).status_code == 303
        stale = await quality.post(f"{PAGES}/{made['id']}/edit", data={**first, "title": "Second"})
        assert (stale.status_code, "Somebody else has changed this" in stale.text) == (412, True)
        for nonsense in ("²", "1", "x" * 5000, ""):
            refused = await quality.post(f"{PAGES}/{made['id']}/edit", data={**first, "version": nonsense})
            assert refused.status_code == 412, nonsense
        assert (await get(quality, made["id"]))["title"] == "First"

    async def test_a_questionnaire_that_nobody_knows_is_told_on_the_form(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        typed = {"version": '"1"', "title": "Mine", "owner": "li.na", "questionnaire_key": "nobodys"}
        refused = await quality.post(f"{PAGES}/{made['id']}/edit", data=typed)
        assert (refused.status_code, 'value="Mine"' in refused.text, "nobodys" in refused.text) == (404, True, True)

    async def test_says_what_to_mend(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        refused = await quality.post(f"{PAGES}/{made['id']}/edit", data={"version": '"1"', "title": "", "margin": "7"})
        assert (refused.status_code, "Title" in refused.text, 'value="7"' in refused.text) == (422, True, True)

    async def test_of_a_launched_one_only_what_still_may(self, quality: httpx.AsyncClient) -> None:
        launched = await launch(quality, {"all": 12})
        form = (await quality.get(f"{PAGES}/{launched['id']}/edit")).text
        assert ("stays as it is" in form, 'name="margin"' in form, 'name="reminder_every_days"' in form) == (
            True,
            False,
            True,
        )
        typed = {
            "version": f'"{launched["version"]}"', "title": "Renamed", "owner": "wang", "closes_at": "2099-01-01T00:00",
            "reminder_every_days": "1", "reminders_at_most": "", "margin": "0.4",
        }  # fmt: skip
        assert (await quality.post(f"{PAGES}/{launched['id']}/edit", data=typed)).status_code == 303
        now = await get(quality, launched["id"])
        assert (now["title"], now["closes_at"], now["margin"]) == ("Renamed", "2099-01-01T00:00:00Z", 0.05)

    async def test_a_project_survey_keeps_a_project(self, solo: Solo) -> None:
        async with solo.client(Role.PROJECT_MANAGER) as manager:
            made = await create(manager, kind="project", project="branches")
            headers = {"If-Match": '"1"'}
            refused = await manager.patch(f"{PATH}/{made['id']}", json={"project": None}, headers=headers)
        assert (refused.status_code, "names its project" in refused.json()["detail"]) == (422, True)


class TestPreview:
    async def test_shows_the_questions_and_sends_nothing(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality, questionnaire_key="servqual_22")
        page = (await quality.get(f"{PAGES}/{made['id']}/preview")).text
        assert (page.count('type="radio"'), "<button" in page, 'method="post"' in page) == (22 * 2 * 7, False, False)
        chinese = (await quality.get(f"{PAGES}/{made['id']}/preview", headers={"accept-language": "zh-CN"})).text
        assert "求助所用的工具是先进的。" in chinese

    async def test_at_design_asks_only_how_it_should_be(self, quality: httpx.AsyncClient) -> None:
        """R161."""
        made = await create(quality, kind="expectation", level="company", questionnaire_key="servqual_22")
        page = (await quality.get(f"{PAGES}/{made['id']}/preview")).text
        assert page.count('type="radio"') == 22 * 7


class TestSteps:
    async def test_each_says_what_comes_next(self, quality: httpx.AsyncClient) -> None:
        made = await create(quality)
        page = (await quality.get(f"{PAGES}/{made['id']}")).text
        assert 'aria-current="step"><strong><a href="#people">' in page
        assert "Launch: invite" not in page
        await quality.post(f"{PAGES}/{made['id']}/population", files={"file": ("a.csv", b"reference\na\nb\n")})
        page = (await quality.get(f"{PAGES}/{made['id']}")).text
        assert 'aria-current="step"><strong><a href="#draw">' in page
        await quality.post(f"{PAGES}/{made['id']}/draw", data={"seed": ""})
        page = (await quality.get(f"{PAGES}/{made['id']}")).text
        assert 'aria-current="step"><strong><a href="#launch">' in page
        assert "Launch: invite" in page
