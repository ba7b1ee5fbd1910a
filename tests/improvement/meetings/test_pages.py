import re
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.auth import Role
from tests.improvement.browsing import HOSTILE, browser, shown, went_to
from tests.improvement.builders import ok
from tests.improvement.meetings.desk import ACTION, PLAN, Desk
from tests.support.solo import Solo

PAGES = "/improvement/meetings"
FORM = {
    "kind": "monthly_quality_analysis",
    "title": "Quality analysis of March",
    "planned_at": "2026-04-02T06:00",
    "chair": "mona",
    "attendees": "eva\n otto \n",
    "agenda": "Welcome\n\nWhat the month was like",
}


@pytest.fixture
async def mona(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(solo, Role.OPERATIONS_MANAGER, subject="mona") as client:
        yield client


def version_in(page: str) -> str:
    return re.findall(r'name="version" value="&#34;(\d+)&#34;"', page)[0]


class TestTheWholeWay:
    """R50, R91, R92 without JavaScript: planned, prepared, held, each item told, signed off, corrected."""

    async def test_from_the_plan_to_the_signed_minutes(self, solo: Solo, mona: httpx.AsyncClient) -> None:
        shown(await mona.get(f"{PAGES}/new"))
        path = went_to(await mona.post(PAGES, data=FORM))
        page = shown(await mona.get(path))
        assert "What the month was like" in page
        assert "minutes (what was said and decided)" in page
        plan = {"kind": "plan", "title": "Patch the gateway", "owner": "eva", "due": "2026-03-31"}
        assert went_to(await mona.post(f"{path}/items", data=plan)) == path
        version = version_in(shown(await mona.get(path)))
        people = {
            "version": f'"{version}"',
            **{"person.0": "eva", "presence.0": "present", "person.1": "mona", "presence.1": "present"},
            **{"person.2": "otto", "presence.2": "delegate", "delegate.2": "olga", "more": ""},
        }
        went_to(await mona.post(f"{path}/attendees", data=people))
        assert "otto (Sent a delegate: olga)" in shown(await mona.get(path))
        refused = shown(await mona.post(f"{path}/hold", data={"held_at": ""}), 409)
        assert "Something is missing:" in refused
        went_to(await mona.post(f"{path}/minutes", data={"version": "*", "body": "It was said.\nTwice."}))
        went_to(await mona.post(f"{path}/hold", data={"held_at": "2026-04-02T06:30"}))
        page = shown(await mona.get(path))
        assert "It was said.<br>Twice." in page
        assert "Patch the gateway</a></li>" in page
        assert shown(await mona.post(f"{path}/sign-off", data={"version": "*"}), 409)
        (item,) = re.findall(r'id="item-([0-9a-f-]{36})">\s*<td class="nowrap">3<', page)
        unsaid = shown(await mona.post(f"{path}/items/{item}/outcome", data={"state": "not_done", "reason": ""}), 422)
        assert "say why it was not done" in unsaid
        went_to(await mona.post(f"{path}/items/{item}/outcome", data={"state": "not_done", "reason": "no spare part"}))
        assert "no spare part" in shown(await mona.get(path))
        version = version_in(shown(await mona.get(path)))
        went_to(await mona.post(f"{path}/sign-off", data={"version": f'"{version}"'}))
        page = shown(await mona.get(path))
        assert "Frozen: signed off" in page
        assert "/minutes" not in page
        went_to(await mona.post(f"{path}/addenda", data={"body": "Thrice."}))
        assert "Thrice." in shown(await mona.get(path))
        following = went_to(await mona.post(PAGES, data={**FORM, "planned_at": "2026-05-02T06:00"}))
        page = shown(await mona.get(following))
        assert "Item 0: left over from earlier meetings" in page
        assert "Patch the gateway" in page
        assert (await solo.events("meeting.held"))[0].data["held_at"] == "2026-04-02T06:30:00Z"

    async def test_an_action_becomes_an_improvement(self, desk: Desk, mona: httpx.AsyncClient) -> None:
        made = await desk.plan(items=[ACTION])
        path = f"{PAGES}/{made['id']}"
        went_to(await mona.post(f"{path}/items/{made['items'][0]['id']}/improvement"))
        page = shown(await mona.get(path))
        assert re.search(r'href="/improvement/improvements/[0-9a-f-]{36}">IMP-\d{6}</a>', page)
        assert "Became an improvement" in page

    async def test_cancelled_and_changed(self, desk: Desk, mona: httpx.AsyncClient) -> None:
        made = await desk.plan()
        path = f"{PAGES}/{made['id']}"
        changed = {"version": '"1"', "title": "Another", "planned_at": "2026-04-03T06:00", "place": "", "chair": "mona"}
        went_to(await mona.post(f"{path}/edit", data=changed))
        assert "repeat your change" in shown(await mona.post(f"{path}/edit", data=changed), 412)
        went_to(await mona.post(f"{path}/cancel", data={"reason": "holiday"}))
        assert "Cancelled: holiday" in shown(await mona.get(path))


class TestShow:
    async def test_html_is_text(self, desk: Desk, mona: httpx.AsyncClient) -> None:
        made = await desk.plan(title=HOSTILE, items=[{**PLAN, "title": HOSTILE, "detail": HOSTILE}])
        await desk.prepare(made, HOSTILE)
        ok(await desk.tell(made, made["items"][0], "not_done", HOSTILE))
        for path in (PAGES, f"{PAGES}/{made['id']}"):
            page = shown(await mona.get(path))
            assert "<script>alert" not in page
            assert "{{ 7 * 7 }}" in page

    async def test_readers_are_shown_no_forms_and_owners_their_own(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(items=[PLAN])
        path = f"{PAGES}/{made['id']}"
        async with browser(solo, Role.AUDITOR, subject="anton") as reader:
            assert "<form" not in shown(await reader.get(path)).split("<main")[1]
            assert shown(await reader.post(f"{path}/hold", data={}), 403)
            assert shown(await reader.get("/improvement/meetings/no-uuid"), 422)
        async with browser(solo, Role.ENGINEER, subject="eva") as eva:
            outcome = f"/items/{made['items'][0]['id']}/outcome"
            assert f"{path}{outcome}" in shown(await eva.get(path))
            assert shown(await eva.post(f"{path}{outcome}", data={}), 422)
            went_to(await eva.post(f"{path}{outcome}", data={"state": "done", "reason": ""}))

    async def test_speaks_chinese(self, solo: Solo, desk: Desk) -> None:
        made = await desk.plan(items=[PLAN, ACTION])
        async with browser(solo, Role.OPERATIONS_MANAGER, subject="mona", language="zh-CN") as reader:
            page = shown(await reader.get(f"{PAGES}/{made['id']}"))
            assert "月度质量分析会" in page
            assert "会议纪要（讨论和决定的内容）" in page
            assert "Minutes" not in page
            refused = shown(await reader.post(f"{PAGES}/{made['id']}/hold", data={}), 409)
            assert "参会人员（至少有一人出席或委托他人出席）" in refused
            assert "部门周例会" in shown(await reader.get(f"{PAGES}/new"))

    async def test_what_was_typed_is_shown_again(self, mona: httpx.AsyncClient) -> None:
        page = shown(await mona.post(PAGES, data={**FORM, "kind": "weekly"}), 422)
        assert "Please fill in or mend:" in page
        assert "Quality analysis of March" in page
        assert "What the month was like" in page


class TestList:
    async def test_filters_and_pages_on(self, desk: Desk, mona: httpx.AsyncClient) -> None:
        for day in range(1, 29):
            await desk.plan(planned_at=f"2026-03-{day:02}T06:00:00Z", title=f"March {day}")
            await desk.plan(planned_at=f"2026-04-{day:02}T06:00:00Z", kind="workshop", title=f"April {day}")
        first = shown(await mona.get(PAGES))
        assert first.count("<tr>") == 51
        (link,) = [part.split('"')[0] for part in first.split('rel="next" href="')[1:]]
        assert shown(await mona.get(link.replace("&amp;", "&"))).count("<tr>") == 7
        only = shown(await mona.get(PAGES, params={"kind": "workshop", "state": "planned"}))
        assert only.count("<tr>") == 29
        assert "March 1" not in only
        assert "There is no meeting here." in shown(await mona.get(PAGES, params={"state": "closed"}))
