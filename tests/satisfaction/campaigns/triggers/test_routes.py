"""R121: who writes triggers, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.satisfaction.campaigns.triggers.test_opening import NEW, TRIGGERS, write
from tests.support.solo import Solo


class TestCreateTrigger:
    async def test_is_found_again(self, solo: Solo) -> None:
        async with solo.client(Role.SERVICE_DESK, subject="li.na") as desk:
            answer = await desk.post(TRIGGERS, json=NEW)
            assert answer.status_code == 201
            made = answer.json()
            assert answer.headers["location"] == f"{TRIGGERS}/{made['id']}"
            assert (made["owner"], made["level"], made["terms"]["wait_days"]) == ("li.na", "project", 7)
            assert (await desk.get(answer.headers["location"])).json() == made
            assert [one["id"] for one in (await desk.get(TRIGGERS)).json()["items"]] == [made["id"]]

    @pytest.mark.parametrize(
        ("changed", "status", "said"),
        [
            ({"questionnaire_key": "none"}, 404, "publish"),
            ({"people": "campaign"}, 422, "people_of"),
            ({"people_of": str(uuid4())}, 422, "people_of"),
            ({"people": "campaign", "people_of": str(uuid4())}, 422, "no other campaign"),
            ({"follows": "project"}, 422, "narrowed by customer"),
            ({"follows": "project", "service": None, "level": "company"}, 422, "level"),
            ({"wait_days": -1}, 422, "wait_days"),
            ({"title": "a\x00b"}, 422, "title"),
            ({"level": "company"}, 403, "quality_manager"),
        ],
    )
    async def test_says_what_would_be_right(self, solo: Solo, changed: dict[str, Any], status: int, said: str) -> None:
        async with solo.client(Role.SERVICE_DESK) as desk:
            refused = await desk.post(TRIGGERS, json={**NEW, **changed})
        assert (refused.status_code, said in refused.text) == (status, True), refused.text

    async def test_is_for_who_runs_surveys(self, solo: Solo) -> None:
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.post(TRIGGERS, json=NEW)).status_code == 403
            assert (await engineer.get(TRIGGERS)).status_code == 200


class TestPutTrigger:
    async def test_needs_the_version_that_was_seen(self, solo: Solo) -> None:
        async with solo.client(Role.SERVICE_DESK) as desk:
            url = f"{TRIGGERS}/{(await write(desk))['id']}"
            assert (await desk.put(url, json=NEW)).status_code == 428
            assert (await desk.put(url, json={**NEW, "title": "New"}, headers={"If-Match": '"1"'})).status_code == 200
            assert (await desk.put(url, json=NEW, headers={"If-Match": '"1"'})).status_code == 412
            assert (await desk.put(f"{TRIGGERS}/{uuid4()}", json=NEW, headers={"If-Match": '"1"'})).status_code == 404


class TestPages:
    async def test_one_is_written_and_changed(self, solo: Solo) -> None:
        pages = "/satisfaction/survey-triggers"
        async with solo.client(Role.SERVICE_DESK) as desk:
            desk.headers["accept"] = "text/html"
            assert "No survey opens by itself yet." in (await desk.get(pages)).text
            form = (await desk.get(f"{pages}/new")).text
            assert 'name="launches" value="true" checked' in form
            typed = {"title": "<b>R</b>", "follows": "change", "service": "mail", "questionnaire_key": "csat",
                     "wait_days": "3", "people": "customers", "launches": "true"}  # fmt: skip
            refused = await desk.post(pages, data={**typed, "wait_days": "x"})
            assert (refused.status_code, "Days until people are asked" in refused.text) == (422, True)
            answer = await desk.post(pages, data=typed)
            assert answer.status_code == 303
            shown = (await desk.get(answer.headers["location"])).text
            assert "&lt;b&gt;R&lt;/b&gt;" in shown
            assert "<b>R</b>" not in shown
            assert "Nothing has happened since that it follows." in shown
            changed = await desk.post(answer.headers["location"], data={**typed, "version": '"1"', "paused": "true"})
            assert changed.status_code == 303
            assert "Paused" in (await desk.get(pages)).text
            stale = await desk.post(answer.headers["location"], data={**typed, "version": '"1"'})
            nonsense = await desk.post(answer.headers["location"], data={**typed, "version": "²"})
            assert (stale.status_code, nonsense.status_code) == (412, 412)
            chinese = await desk.get(pages, headers={"accept-language": "zh-CN"})
            assert "自动发起的调查" in chinese.text
