import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.satisfaction.callbacks.conduct.rules import BUILT_IN
from shared import clock
from shared.app import Service
from shared.auth import SESSION_COOKIE, Role
from tests.satisfaction.callbacks.building import hear, reopened, resolved, short, stored, ticket_id, told
from tests.support.fleet import Fleet

PATH = "/satisfaction/callbacks"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
async def browser(desk: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The desk in a browser, on our own pages: a cookie and no Authorization header."""
    async with desk.client(Role.SERVICE_DESK, subject="wang.fang", name="Wang Fang") as opened:
        as_browser(opened)
        yield opened


def as_browser(client: httpx.AsyncClient) -> None:
    token = client.headers.pop("Authorization").removeprefix("Bearer ")
    client.cookies.set(SESSION_COOKIE, token)
    client.headers.update({"accept": "text/html", "sec-fetch-site": "same-origin"})


async def waiting(heard_by: Service, number: int = 1, hours_ago: float = 1, **changes: object) -> str:
    """The page of a callback after a resolution so long ago."""
    resolved_at = clock.now() - timedelta(hours=hours_ago)
    await hear(heard_by, resolved(number, resolved_at=resolved_at, **changes))
    return f"{PATH}/{(await stored(heard_by))[ticket_id(number), 1].id}"


def alerts(answer: httpx.Response) -> list[str]:
    return re.findall(r'role="alert">([^<]*)<', answer.text)


class TestShowWorklist:
    async def test_is_the_services_first_page(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.get("/satisfaction/")
        assert answer.headers["location"] == PATH

    async def test_says_when_nobody_waits(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.get(PATH)
        assert answer.status_code == 200
        assert "Nobody is waiting for a call." in answer.text

    async def test_whom_to_call_next_stands_first_with_the_forms(
        self, service: Service, browser: httpx.AsyncClient
    ) -> None:
        await waiting(service, 1, hours_ago=2)
        path = await waiting(service, 2, hours_ago=30)
        page = (await browser.get(PATH)).text
        assert page.index("Call next") < page.index("INC0000002") < page.index("INC0000001")
        assert page.count(">Overdue</span>") == 1
        assert f'action="{path}/complete"' not in page
        assert f'action="{PATH}/claim-next"' in page
        taken = await browser.post(f"{PATH}/claim-next")
        assert (taken.status_code, taken.headers["location"]) == (303, f"{PATH}?done=claimed")
        page = (await browser.get(taken.headers["location"])).text
        assert page.index("You are calling") < page.index("INC0000002") < page.index("INC0000001")
        assert f'action="{path}/complete"' in page
        assert f'action="{path}/attempts"' in page
        assert page.count('action="') == page.count("<form")

    async def test_no_answer_is_chosen_beforehand(self, service: Service, browser: httpx.AsyncClient) -> None:
        page = (await browser.get(await waiting(service))).text
        radios = re.findall(r'<input type="radio"[^>]*>', page)
        assert {re.search(r'name="([\w.]+)"', radio)[1] for radio in radios} == {  # type: ignore[index]
            "solved",
            "score",
            "outcome",
            *(f"conduct.{item}" for item in BUILT_IN),
        }
        assert not any("checked" in radio for radio in radios)

    async def test_an_agreed_time_waits_until_it_comes(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service, 1, hours_ago=20)
        await waiting(service, 2, hours_ago=2)
        agreed = (clock.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
        form = {"outcome": "reached", "channel": "phone", "next_attempt_at": agreed}
        assert (await browser.post(f"{path}/attempts", data=form)).status_code == 303
        page = (await browser.get(PATH)).text
        assert page.index("INC0000002") < page.index("At an agreed time") < page.index("INC0000001")

    async def test_tells_the_coverage(self, service: Service, browser: httpx.AsyncClient) -> None:
        for number in range(1, 5):
            path = await waiting(service, number)
        await browser.post(f"{path}/complete", data={"solved": "yes", "score": "5"})
        page = (await browser.get(PATH)).text
        assert "25.0%" in page
        assert "1 of 4 resolutions, last 30 days" in page

    async def test_finds_an_incident_whatever_its_state(self, service: Service, browser: httpx.AsyncClient) -> None:
        await waiting(service, 1)
        await hear(service, reopened(1))
        await waiting(service, 2)
        page = (await browser.get(PATH, params={"external_id": " INC0000001 "})).text
        assert "Cancelled" in page
        assert "INC0000002" not in page
        page = (await browser.get(PATH, params={"external_id": "INC9"})).text
        assert "No callback for this incident." in page

    async def test_pages_go_on(self, service: Service, browser: httpx.AsyncClient) -> None:
        await hear(service, *(resolved(number) for number in range(60)))
        seen: set[str] = set()
        path: str | None = PATH
        lengths = []
        while path:
            page = (await browser.get(path)).text
            found = set(re.findall(r"INC\d{7}", page))
            lengths.append(len(found))
            seen |= found
            following = re.search(r'rel="next" href="([^"]+)"', page)
            path = following[1].replace("&amp;", "&") if following else None
        assert (lengths, len(seen)) == ([25, 25, 10], 60)

    async def test_speaks_chinese(self, service: Service, browser: httpx.AsyncClient) -> None:
        await waiting(service, hours_ago=30)
        page = (await browser.get(PATH, headers={"accept-language": "zh-CN"})).text
        assert '<html lang="zh-CN">' in page
        for words in ("下一个回访", "已超时", "问题是否真正解决", "24 小时内回访率"):
            assert words in page

    async def test_what_came_from_outside_is_escaped(self, service: Service, browser: httpx.AsyncClient) -> None:
        hostile = {"title": HOSTILE, "customer": HOSTILE, "service": HOSTILE, "resolver": HOSTILE, "group": HOSTILE}
        path = await waiting(service, 1, hours_ago=3, external_id=HOSTILE, **hostile)
        await waiting(service, 2, external_id=HOSTILE, **hostile)
        form = {"outcome": "busy", "channel": "phone", "note": HOSTILE}
        assert (await browser.post(f"{path}/attempts", data=form)).status_code == 303
        refused = await browser.post(f"{path}/complete", data={"comment": HOSTILE, "score": HOSTILE})
        pages = [
            (await browser.get(PATH)).text,
            (await browser.get(PATH, params={"external_id": HOSTILE, "done": "<script>"})).text,
            (await browser.get(path)).text,
            refused.text,
        ]
        assert refused.status_code == 422
        for page in pages:
            assert "<script" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    async def test_who_only_reads_gets_no_form(self, service: Service, desk: Fleet) -> None:
        path = await waiting(service)
        async with desk.client(Role.AUDITOR) as auditor:
            as_browser(auditor)
            for asked in (PATH, path):
                assert 'name="score"' not in (await auditor.get(asked)).text
            form = {"solved": "yes", "score": "5"}
            assert (await auditor.post(f"{path}/complete", data=form)).status_code == 403

    async def test_a_stranger_is_asked_to_sign_in(self, desk: Fleet) -> None:
        async with desk.client() as stranger:
            answer = await stranger.get(PATH, headers={"accept": "text/html"})
        assert answer.status_code == 401
        assert "sign-in" in answer.text


class TestShowCallback:
    async def test_tells_what_the_customer_said(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        form = {"solved": "partly", "score": "3", "comment": "half of it", "conduct.courtesy": "5", "channel": "chat"}
        assert (await browser.post(f"{path}/complete", data=form)).status_code == 303
        page = (await browser.get(path)).text
        for words in ("Partly", "3 – neither", "half of it", "5 – fully", "Chat", "In time", "wang.fang"):
            assert words in page
        assert 'name="score"' not in page

    async def test_tells_why_it_was_given_up_or_cancelled(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service, 1)
        for _ in range(3):
            await browser.post(f"{path}/attempts", data={"outcome": "no_answer", "channel": "phone"})
        assert (await browser.post(f"{path}/unreachable", data={"reason": "moved away"})).status_code == 303
        assert "moved away" in (await browser.get(path)).text
        path = await waiting(service, 2)
        await hear(service, reopened(2))
        assert "The incident was reopened" in (await browser.get(path)).text

    async def test_there_may_be_none(self, browser: httpx.AsyncClient) -> None:
        answer = await browser.get(f"{PATH}/0199f0a0-0000-7000-8000-00000000dead")
        assert answer.status_code == 404
        assert "<html" in answer.text


class TestTakeAttempt:
    async def test_records_and_goes_back_to_the_list(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        answer = await browser.post(f"{path}/attempts", data={"outcome": "busy", "channel": "phone", "note": ""})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?done=attempt")
        assert "The attempt is recorded." in (await browser.get(answer.headers["location"])).text
        assert short((await told(service))[-1]) == "callback.attempted"

    async def test_keeps_what_was_typed(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        form = {"note": "rang ten times", "attempted_at": "soon", "channel": "chat"}
        answer = await browser.post(f"{path}/attempts", data=form)
        assert answer.status_code == 422
        assert alerts(answer) == [
            "Please fill in or mend: Tried at (empty: now) (a time, as 2026-03-31T09:00Z); What came of it? (needed)"
        ]
        assert "rang ten times" in answer.text
        assert '<option value="chat" selected>' in answer.text

    async def test_problems_are_told_in_the_readers_words(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        form = {"outcome": "busy", "channel": "phone"}
        for changes, words in [
            ({"attempted_at": "2199-01-01T00:00"}, "该时间尚未到来。"),
            ({"attempted_at": "2020-01-01T00:00"}, "该时间早于解决时间。"),
            ({"next_attempt_at": "2020-01-01T00:00"}, "下次呼叫须晚于本次呼叫。"),
        ]:
            answer = await browser.post(
                f"{path}/attempts", data={**form, **changes}, headers={"accept-language": "zh-CN"}
            )
            assert (answer.status_code, alerts(answer)) == (409, [words])
        assert len(await told(service)) == 1


class TestTakeCompletion:
    async def test_records_and_goes_back_to_the_list(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        asked_at = clock.now() - timedelta(minutes=5)
        form = {
            "solved": "no",
            "score": "1",
            "channel": "phone",
            "completed_at": asked_at.strftime("%Y-%m-%dT%H:%M"),
            "conduct.courtesy": "",
            "conduct.explained": "2",
        }
        answer = await browser.post(f"{path}/complete", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?done=completion")
        row = (await stored(service))[ticket_id(1), 1]
        assert (row.state, row.score, row.conduct) == ("completed", 1, {"explained": 2})
        assert row.completed_at == asked_at.replace(second=0, microsecond=0)
        assert len(await told(service)) == 4

    async def test_an_answer_that_nobody_gave_is_not_made_up(
        self, service: Service, browser: httpx.AsyncClient
    ) -> None:
        path = await waiting(service)
        answer = await browser.post(f"{path}/complete", data={"solved": "yes", "channel": "phone"})
        assert (answer.status_code, alerts(answer)) == (
            422,
            ["Please fill in or mend: How satisfied with the result? (needed)"],
        )
        assert re.search(r'name="solved" value="yes" checked', answer.text)

    async def test_a_settled_one_says_so(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        form = {"solved": "yes", "score": "5"}
        await browser.post(f"{path}/complete", data=form)
        answer = await browser.post(f"{path}/complete", data=form)
        assert (answer.status_code, alerts(answer)) == (
            409,
            ["This callback is settled: nothing more can be recorded."],
        )

    async def test_the_resolver_is_told_why_not(self, service: Service, desk: Fleet) -> None:
        path = await waiting(service)
        async with desk.client(Role.SERVICE_DESK, subject="li.wei", name="Li Wei") as resolver:
            as_browser(resolver)
            assert "somebody else has to ask" in (await resolver.get(path)).text
            assert 'name="score"' not in (await resolver.get(path)).text
            answer = await resolver.post(f"{path}/complete", data={"solved": "yes", "score": "5"})
            assert answer.status_code == 409
            assert "somebody else has to ask" in answer.text

    async def test_a_form_of_another_site_is_refused(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        form = {"solved": "yes", "score": "5"}
        answer = await browser.post(f"{path}/complete", data=form, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert (await stored(service))[ticket_id(1), 1].state == "due"


class TestTakeGivingUp:
    async def test_only_after_enough_failed_attempts(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        await browser.post(f"{path}/attempts", data={"outcome": "busy", "channel": "phone"})
        assert "Once 2 more attempts have failed, you can give up." in (await browser.get(path)).text
        answer = await browser.post(f"{path}/unreachable", data={"reason": "no patience"})
        assert (answer.status_code, alerts(answer)) == (
            409,
            ["More attempts have to fail before you can give up."],
        )

    async def test_needs_a_reason(self, service: Service, browser: httpx.AsyncClient) -> None:
        path = await waiting(service)
        for _ in range(3):
            await browser.post(f"{path}/attempts", data={"outcome": "busy", "channel": "phone"})
        answer = await browser.post(f"{path}/unreachable", data={"reason": " "})
        assert (answer.status_code, alerts(answer)) == (422, ["Please fill in or mend: Why give up? (needed)"])
