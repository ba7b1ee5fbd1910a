import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.auth import Role
from tests.improvement.around import open_improvement, put, refused, sign
from tests.improvement.builders import ok
from tests.support.solo import Solo

LESSONS = "/improvement/v1/lessons"
LESSON = {
    "title": "A second line in the evening",
    "worked": "Two engineers until ten halved the waiting",
    "did_not_work": "Stand-by from home",
    "context": "A desk whose customers work until eight",
    "reuse": "Count the tickets by hour first",
    "tags": ["Roster", "second-line"],
}


@pytest.fixture
async def source(solo: Solo) -> str:
    """A record whose effect is signed."""
    record = await open_improvement(solo)
    await sign(solo, record, "effective", service="mail")
    return record


@pytest.fixture
async def petra(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.PROCESS_OWNER, subject="petra") as client:
        yield client


async def teach(client: httpx.AsyncClient, source: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post(LESSONS, json={**LESSON, "improvement_id": source, **changes})
    return dict(ok(answer, 201))


async def titles(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    return [item["title"] for item in ok(await client.get(LESSONS, params=asked))["items"]]


class TestRecord:
    """R176: best practice is written down."""

    async def test_shows_the_verdict_under_it_and_is_told(
        self, solo: Solo, source: str, petra: httpx.AsyncClient
    ) -> None:
        answer = await petra.post(LESSONS, json={**LESSON, "improvement_id": source})
        made = ok(answer, 201)
        assert (made["verdict"], made["service"], made["tags"]) == ("effective", "mail", ["roster", "second-line"])
        assert (made["reusable"], made["uses"], made["recorded_by"]) == (False, 0, "petra")
        assert made["number"].startswith("LES-")
        assert ok(await petra.get(answer.headers["Location"])) == made
        (event,) = await solo.events("lesson.recorded")
        assert (event.subject, event.correlation_id) == (made["id"], source)
        assert event.data["improvement_number"] == made["improvement_number"]
        assert (event.data["verdict"], event.data["tags"]) == ("effective", ["roster", "second-line"])

    async def test_of_what_did_not_work_too(self, solo: Solo, petra: httpx.AsyncClient) -> None:
        failed = await open_improvement(solo)
        await sign(solo, failed, "ineffective")
        made = await teach(petra, failed, worked=None)
        assert (made["verdict"], made["worked"]) == ("ineffective", None)

    async def test_not_before_the_effect_is_signed(self, solo: Solo, petra: httpx.AsyncClient) -> None:
        draft = await open_improvement(solo)
        answer = await petra.post(LESSONS, json={**LESSON, "improvement_id": draft})
        assert "verified or closed" in refused(answer, 409)
        await put(solo, draft, state="withdrawn")
        assert (await petra.post(LESSONS, json={**LESSON, "improvement_id": draft})).status_code == 409
        assert await solo.events("lesson.recorded") == []

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"worked": None, "did_not_work": None}, "worked"),
            ({"context": ""}, "context"),
            ({"tags": ["a,b"]}, "tags"),
            ({"tags": ["x"] * 21}, "tags"),
            ({"improvement_id": str(uuid4())}, "no improvement"),
            ({"improvement_id": "x"}, "improvement_id"),
        ],
    )
    async def test_what_is_unsound_is_named(
        self, source: str, petra: httpx.AsyncClient, change: dict[str, Any], named: str
    ) -> None:
        answer = await petra.post(LESSONS, json={**LESSON, "improvement_id": source, **change})
        assert named in refused(answer, 422)

    async def test_by_those_who_work_on_records(self, solo: Solo, source: str) -> None:
        async with solo.client(Role.AUDITOR) as auditor:
            body = {**LESSON, "improvement_id": source}
            assert (await auditor.post(LESSONS, json=body)).status_code == 403
            assert (await auditor.get(f"{LESSONS}/{uuid4()}")).status_code == 404
        async with solo.client(Role.CUSTOMER, customer="bank") as customer:
            assert (await customer.get(LESSONS)).status_code == 403


class TestSearch:
    """R176: found again by text, tag and service."""

    async def test_by_each(self, solo: Solo, source: str, petra: httpx.AsyncClient) -> None:
        await teach(petra, source, title="Evening", tags=["roster"])
        await teach(petra, source, title="100% of_calls", tags=["Phone"], service="voice")
        await teach(petra, source, title="晚班排班", tags=["排班"], reuse="先按小时统计工单")
        assert await titles(petra) == ["晚班排班", "100% of_calls", "Evening"]
        assert await titles(petra, tag="ROSTER") == ["Evening"]
        assert await titles(petra, service="voice") == ["100% of_calls"]
        assert await titles(petra, text="engineers EVENING") == ["Evening"]
        assert await titles(petra, text="按小时") == ["晚班排班"]
        assert await titles(petra, text="0% of_") == ["100% of_calls"]
        assert await titles(petra, text="%_%") == []
        assert await titles(petra, text="phone") == ["100% of_calls"]
        assert await titles(petra, text="evening", tag="phone") == []
        assert await titles(petra, improvement_id=str(uuid4())) == []

    async def test_by_mark_and_in_pages(self, solo: Solo, source: str, petra: httpx.AsyncClient) -> None:
        made = [await teach(petra, source, title=f"Lesson {number}") for number in range(3)]
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            marking = f"{LESSONS}/{made[1]['id']}/marking"
            ok(await sven.post(marking, json={"reusable": True}, headers={"If-Match": "*"}))
        assert await titles(petra, reusable=True) == ["Lesson 1"]
        first = ok(await petra.get(LESSONS, params={"limit": 2}))
        rest = ok(await petra.get(LESSONS, params={"limit": 2, "cursor": first["next_cursor"]}))
        assert [item["title"] for item in rest["items"]] == ["Lesson 0"]


class TestMark:
    async def test_by_the_supervisor_who_read_this_version(
        self, solo: Solo, source: str, petra: httpx.AsyncClient
    ) -> None:
        path = f"{LESSONS}/{(await teach(petra, source))['id']}"
        body = {"reusable": True, "note": "for every desk"}
        assert (await petra.post(f"{path}/marking", json=body, headers={"If-Match": "*"})).status_code == 403
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            assert (await sven.post(f"{path}/marking", json=body)).status_code == 428
            marked = ok(await sven.post(f"{path}/marking", json=body, headers={"If-Match": '"1"'}))
            assert (marked["reusable"], marked["marked_by"], marked["mark_note"]) == (True, "sven", "for every desk")
            stale = await sven.post(f"{path}/marking", json=body, headers={"If-Match": '"1"'})
            assert stale.status_code == 412

    async def test_other_words_are_read_and_marked_again(
        self, solo: Solo, source: str, petra: httpx.AsyncClient
    ) -> None:
        path = f"{LESSONS}/{(await teach(petra, source))['id']}"
        async with solo.client(Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            ok(await sven.post(f"{path}/marking", json={"reusable": True}, headers={"If-Match": "*"}))
        tagged = ok(await petra.patch(path, json={"tags": ["desk"]}, headers={"If-Match": "*"}))
        assert tagged["reusable"]
        reworded = ok(await petra.patch(path, json={"reuse": "Ask the desk"}, headers={"If-Match": "*"}))
        assert not reworded["reusable"]
        assert reworded["marked_by"] is None


class TestEdit:
    async def test_by_who_recorded_it_against_the_version(
        self, solo: Solo, source: str, petra: httpx.AsyncClient
    ) -> None:
        path = f"{LESSONS}/{(await teach(petra, source))['id']}"
        assert (await petra.patch(path, json={"title": "x"})).status_code == 428
        assert ok(await petra.patch(path, json={"title": "Evenings"}, headers={"If-Match": '"1"'}))["version"] == 2
        assert (await petra.patch(path, json={"title": "x"}, headers={"If-Match": '"1"'})).status_code == 412
        emptied = {"worked": None, "did_not_work": None}
        assert "worked" in refused(await petra.patch(path, json=emptied, headers={"If-Match": "*"}), 422)
        async with solo.client(Role.ENGINEER, subject="otto") as otto:
            other = await otto.patch(path, json={"title": "x"}, headers={"If-Match": "*"})
            assert "petra" in refused(other, 403)


class TestUse:
    """R117, R176: a lesson that is used again is counted."""

    async def test_by_another_improvement_once(self, solo: Solo, source: str, petra: httpx.AsyncClient) -> None:
        path = f"{LESSONS}/{(await teach(petra, source))['id']}"
        other = await open_improvement(solo, title="Night shift")
        body = {"improvement_id": other, "note": "counted by hour"}
        answers = await asyncio.gather(petra.post(f"{path}/uses", json=body), petra.post(f"{path}/uses", json=body))
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        shown = ok(await petra.get(path))
        assert shown["uses"] == 1
        (use,) = shown["used_by"]
        assert (use["improvement_id"], use["title"], use["note"]) == (other, "Night shift", "counted by hour")

    async def test_not_by_its_own_and_not_by_nothing(self, source: str, petra: httpx.AsyncClient) -> None:
        path = f"{LESSONS}/{(await teach(petra, source))['id']}/uses"
        assert "another" in refused(await petra.post(path, json={"improvement_id": source}), 422)
        assert (await petra.post(path, json={"improvement_id": str(uuid4())})).status_code == 422
        nowhere = f"{LESSONS}/{uuid4()}/uses"
        assert (await petra.post(nowhere, json={"improvement_id": source})).status_code == 404
