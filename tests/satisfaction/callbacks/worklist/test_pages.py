import re
from datetime import timedelta

import httpx
import pytest

from shared import clock
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import (
    MORNING,
    around_now,
    change_settings,
    recently,
    resolved,
    scheduled,
    stored,
    ticket_id,
)
from tests.satisfaction.callbacks.test_pages import HOSTILE, as_browser
from tests.support.fleet import Fleet

PATH = "/satisfaction/callbacks"


@pytest.fixture
def browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The desk on our own pages."""
    as_browser(client)
    return client


async def shown(service: Service, number: int, **changes: object) -> str:
    """The page of a callback."""
    return (await scheduled(service, recently(number=number, **changes))).replace("/v1/", "/")


def section(page: str, caption: str) -> str:
    """The table of that name."""
    found = re.search(rf"<caption>{caption}</caption>.*?</table>", page, re.DOTALL)
    return found[0] if found else ""


class TestShowWorklist:
    async def test_says_who_is_calling_whom(self, service: Service, desk: Fleet, browser: httpx.AsyncClient) -> None:
        """R75: who holds what."""
        path = await shown(service, 1)
        await shown(service, 2, customer="bolt")
        async with desk.client(Role.SERVICE_DESK, subject="chen.jie", name="Chen Jie") as other:
            as_browser(other)
            taken = await other.post(f"{path}/claim")
            assert (taken.status_code, taken.headers["location"]) == (303, f"{path}?done=claimed")
            assert "nobody else will meanwhile" in (await other.get(taken.headers["location"])).text
        page = (await browser.get(PATH)).text
        held = section(page, "Being called now")
        assert "Chen Jie" in held
        assert "INC0000001" in held
        assert page.index("Call next") < page.index("INC0000002") < page.index("INC0000001")
        one = (await browser.get(path)).text
        assert "Chen Jie is calling this customer" in one
        assert 'name="score"' not in one
        refused = await browser.post(f"{path}/complete", data={"solved": "yes", "score": "5"})
        assert refused.status_code == 409
        assert "Somebody else is calling this customer." in refused.text
        refused = await browser.post(f"{path}/claim")
        assert (refused.status_code, "Somebody else is calling" in refused.text) == (409, True)

    async def test_other_incidents_of_the_customer_are_asked_about_in_the_same_call(
        self, service: Service, browser: httpx.AsyncClient
    ) -> None:
        now = clock.now()
        path = await shown(service, 1, resolved_at=now - timedelta(hours=3))
        await shown(service, 2)
        await shown(service, 3, customer="bolt")
        await browser.post(f"{PATH}/claim-next")
        page = (await browser.get(PATH)).text
        assert "INC0000002" in section(page, "Also yours to ask in this call")
        assert "INC0000003" in section(page, "Then")
        assert "INC0000002" not in section(page, "Then")
        assert (await browser.post(f"{path}/complete", data={"solved": "yes", "score": "5"})).status_code == 303
        page = (await browser.get(PATH)).text
        assert page.index("You are calling") < page.index("INC0000002")

    async def test_the_keyboard_starts_where_the_work_does(self, service: Service, browser: httpx.AsyncClient) -> None:
        """Enter takes the next call, the arrows answer: sixty times a day. Whoever calls sees what was tried before."""
        path = await shown(service, 1, customer="c1")
        await shown(service, 2, customer="c2")
        page = (await browser.get(PATH)).text
        assert page.count("autofocus") == 1
        assert "<button autofocus>Take the next call</button>" in page
        tried = {"outcome": "busy", "channel": "phone", "note": "in a meeting"}
        assert (await browser.post(f"{path}/attempts", data=tried)).status_code == 303
        page = (await browser.get(PATH)).text
        assert page.index("Call next") < page.index("INC0000002") < page.index("INC0000001")
        await browser.post(f"{path}/claim")
        page = (await browser.get(PATH)).text
        assert page.count("autofocus") == 1
        assert re.search(r'name="solved" value="yes" required autofocus>', page)
        assert "in a meeting" in section(page, "Attempts")

    async def test_on_its_own_page_the_call_is_taken_first(self, service: Service, browser: httpx.AsyncClient) -> None:
        """Two agents who look at one callback do not both call: the forms are open to who has taken it."""
        path = await shown(service, 1)
        page = (await browser.get(path)).text
        assert page.index("I am calling this customer") < page.index("<details>") < page.index('name="score"')
        await browser.post(f"{path}/claim")
        page = (await browser.get(path)).text
        assert "I am calling this customer" not in page
        assert page.index('name="score"') < page.index("Hold longer")
        await browser.post(f"{path}/release")
        refused = await browser.post(f"{path}/complete", data={"solved": "yes"})
        assert refused.status_code == 422
        assert re.search(r'name="solved" value="yes" checked', refused.text)

    async def test_what_was_heard_of_too_late_is_counted_and_listed_apart(
        self, service: Service, browser: httpx.AsyncClient
    ) -> None:
        """R80: an import of old tickets stands in nobody's way."""
        await scheduled(service, resolved(number=7, resolved_at=MORNING - timedelta(days=300)))
        page = (await browser.get(PATH)).text
        assert "INC0000007" not in page
        assert "1 resolution was heard of long after its 24 hours" in page
        listed = (await browser.get(f"{PATH}?history=yes")).text
        assert "INC0000007" in section(listed, "Heard of too late to call")

    async def test_times_are_told_and_typed_by_the_desks_clock(
        self, service: Service, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A desk in Shanghai, eight hours ahead of UTC all year."""
        change_settings(monkeypatch, service, time_zone="Asia/Shanghai")
        resolved_at = clock.now().replace(second=0, microsecond=0) - timedelta(hours=1)
        path = await shown(service, 1, resolved_at=resolved_at)
        page = (await browser.get(path)).text
        assert f"{resolved_at + timedelta(hours=8):%H:%M}</time>" in page
        assert "Times are in Asia/Shanghai." in page
        agreed = clock.now().replace(second=0, microsecond=0) + timedelta(hours=5)
        typed = {
            "outcome": "reached",
            "channel": "phone",
            "next_attempt_at": f"{agreed + timedelta(hours=8):%Y-%m-%dT%H:%M}",
        }
        assert (await browser.post(f"{path}/attempts", data=typed)).status_code == 303
        row = (await stored(service))[ticket_id(1), 1]
        assert row.next_attempt_at == agreed

    async def test_given_back_others_may_call(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await shown(service, 1)
        await browser.post(f"{path}/claim")
        answer = await browser.post(f"{path}/release")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?done=released")
        assert "Call next" in (await browser.get(PATH)).text
        again = await browser.post(f"{path}/release")
        assert (again.status_code, "Nobody is calling this customer." in again.text) == (409, True)

    async def test_says_when_nobody_is_to_be_called(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.post(f"{PATH}/claim-next")
        assert (answer.status_code, "Nobody is to be called at this moment." in answer.text) == (404, True)

    async def test_quiet_hours_and_what_they_make_late_are_shown(
        self, service: Service, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R80."""
        change_settings(monkeypatch, service, quiet_hours=around_now())
        await shown(service, 1, resolved_at=clock.now() - timedelta(hours=23))
        path = await shown(service, 2, customer="bolt")
        quiet = section((await browser.get(PATH)).text, "In quiet hours")
        assert quiet.index("INC0000001") < quiet.index("INC0000002")
        assert quiet.count("Quiet hours until after the deadline") == 1
        refused = await browser.post(f"{path}/claim")
        assert (refused.status_code, "quiet hours run now" in refused.text) == (409, True)
        one = (await browser.get(path)).text
        assert "Call despite quiet hours" in one
        assert '<input type="hidden" name="despite_quiet_hours" value="yes">' in one
        forced = await browser.post(f"{path}/claim", data={"despite_quiet_hours": "yes"})
        assert forced.status_code == 303

    async def test_the_clock_is_told_in_words(self, service: Service, browser: httpx.AsyncClient) -> None:
        """R80: at risk before the deadline, overdue after it."""
        now = clock.now()
        for number, hours in ((1, 30), (2, 21), (3, 2)):
            await shown(service, number, customer=f"c{number}", resolved_at=now - timedelta(hours=hours))
        page = (await browser.get(PATH)).text
        assert page.count('<span class="badge bad">Overdue</span>') == 1
        assert page.count('<span class="badge warn">At risk</span>') == 1
        assert "6 hours ago" in page
        assert "in 3 hours" in page

    async def test_speaks_chinese_and_escapes(self, service: Service, desk: Fleet, browser: httpx.AsyncClient) -> None:
        path = await shown(service, 1, customer=HOSTILE)
        async with desk.client(Role.SERVICE_DESK, subject="x", name=HOSTILE) as other:
            await other.post(f"{path.replace('/callbacks/', '/v1/callbacks/')}/claim")
        for asked in (PATH, path):
            page = (await browser.get(asked, headers={"accept-language": "zh-CN"})).text
            assert "正在回访" in page
            assert "<script" not in page
            assert "&lt;script&gt;" in page
