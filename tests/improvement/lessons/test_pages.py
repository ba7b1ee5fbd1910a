import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from shared.auth import Role
from tests.improvement.around import open_improvement, sign
from tests.improvement.browsing import HOSTILE, browser, shown, went_to
from tests.support.solo import Solo

PAGES = "/improvement/lessons"
FORM = {
    "title": "A second line in the evening",
    "worked": "Two engineers until ten\nhalved the waiting",
    "did_not_work": "",
    "context": "A desk that works until eight",
    "reuse": "Count by hour first",
    "tags": "Roster，desk",
    "service": "",
}


@pytest.fixture
async def petra(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(solo, Role.PROCESS_OWNER, subject="petra") as client:
        yield client


@pytest.fixture
async def source(solo: Solo) -> str:
    record = await open_improvement(solo)
    await sign(solo, record, "effective")
    return record


class TestTheWholeWay:
    """R176 without JavaScript: recorded, marked, found, used again."""

    async def test_from_the_signed_effect_to_its_next_use(
        self, solo: Solo, petra: httpx.AsyncClient, source: str
    ) -> None:
        form = shown(await petra.get(f"{PAGES}/new", params={"improvement": source}))
        assert f'<option value="{source}" selected>' in form
        path = went_to(await petra.post(PAGES, data={**FORM, "improvement_id": source}))
        page = shown(await petra.get(path))
        assert "Two engineers until ten<br>halved the waiting" in page
        assert "Effective" in page
        assert f"{path}/marking" not in page
        async with browser(solo, Role.IMPROVEMENT_SUPERVISOR, subject="sven") as sven:
            assert f"{path}/marking" in shown(await sven.get(path))
            went_to(await sven.post(f"{path}/marking", data={"version": '"1"', "reusable": "true", "note": "good"}))
            assert shown(await sven.post(f"{path}/marking", data={"version": '"1"', "reusable": "true"}), 412)
        listed = shown(await petra.get(PAGES, params={"text": "ENGINEERS", "tag": "roster", "reusable": "true"}))
        assert "A second line in the evening" in listed
        assert "A second line" not in shown(await petra.get(PAGES, params={"text": "nothing"}))
        other = await open_improvement(solo, title="Night shift")
        async with solo.client(Role.AUDITOR) as reader:
            number = (await reader.get(f"/improvement/v1/improvements/{other}")).json()["number"]
        for wrong in ("IMP-999999999", "x", "-1", "9" * 30):
            page = shown(await petra.post(f"{path}/uses", data={"improvement": wrong, "note": ""}), 422)
            assert "There is no such improvement." in page
        went_to(await petra.post(f"{path}/uses", data={"improvement": number.lower(), "note": "counted"}))
        page = shown(await petra.get(path))
        assert "Night shift" in page
        assert "Used again 1 time" in page
        assert shown(await petra.post(f"{path}/uses", data={"improvement": number, "note": ""}), 409)
        mended = {**FORM, "version": "*", "reuse": "Count by the half hour", "did_not_work": "Stand-by"}
        went_to(await petra.post(f"{path}/edit", data=mended))
        page = shown(await petra.get(path))
        assert "Stand-by" in page
        assert ">Reusable<" not in page


class TestShow:
    async def test_html_is_text(self, petra: httpx.AsyncClient, source: str) -> None:
        hostile = {**dict.fromkeys(FORM, HOSTILE), "improvement_id": source}
        path = went_to(await petra.post(PAGES, data=hostile))
        for page in (shown(await petra.get(PAGES)), shown(await petra.get(path))):
            assert "<script>alert" not in page
            assert "{{ 7 * 7 }}" in page

    async def test_what_was_typed_is_shown_again(self, petra: httpx.AsyncClient, source: str) -> None:
        nothing = {**FORM, "worked": "", "improvement_id": source}
        page = shown(await petra.post(PAGES, data=nothing), 422)
        assert "that is the lesson" in page
        assert "Count by hour first" in page
        unknown = shown(await petra.post(PAGES, data={**FORM, "improvement_id": str(uuid4())}), 422)
        assert "There is no such improvement." in unknown
        assert shown(await petra.get(f"{PAGES}/{uuid4()}"), 404)

    async def test_readers_are_shown_no_forms(self, solo: Solo, petra: httpx.AsyncClient, source: str) -> None:
        path = went_to(await petra.post(PAGES, data={**FORM, "improvement_id": source}))
        async with browser(solo, Role.AUDITOR, subject="anton") as reader:
            assert "<form" not in shown(await reader.get(path)).split("<main")[1]
            assert shown(await reader.get(f"{PAGES}/new"), 403)

    async def test_speaks_chinese(self, solo: Solo, petra: httpx.AsyncClient, source: str) -> None:
        path = went_to(await petra.post(PAGES, data={**FORM, "improvement_id": source}))
        async with browser(solo, Role.IMPROVEMENT_SUPERVISOR, subject="sven", language="zh-CN") as reader:
            page = shown(await reader.get(path))
            assert "有效的做法" in page
            assert "尚无人复用。" in page
            assert not re.search(r"Mark reusable|Recorded", page)
            assert "登记经验" in shown(await reader.get(PAGES))


class TestList:
    async def test_pages_on_with_what_was_asked(self, petra: httpx.AsyncClient, source: str) -> None:
        for number in range(32):
            went_to(await petra.post(PAGES, data={**FORM, "title": f"Lesson {number}", "improvement_id": source}))
        first = shown(await petra.get(PAGES, params={"tag": "desk"}))
        assert first.count("<tr>") == 31
        (link,) = [part.split('"')[0] for part in first.split('rel="next" href="')[1:]]
        assert "tag=desk" in link
        assert shown(await petra.get(link.replace("&amp;", "&"))).count("<tr>") == 3

    async def test_says_when_there_is_nothing(self, petra: httpx.AsyncClient) -> None:
        assert "There is no lesson here." in shown(await petra.get(PAGES))
        assert "No effect is signed yet" in shown(await petra.get(f"{PAGES}/new"))
