import asyncio
import re
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.satisfaction.tokens import Misses
from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import ANSWERS, hear, problem, recently, reopened, scheduled, short, told
from tests.support.fleet import Fleet

PAGE = "/satisfaction/answer"
HOSTILE = '"><script>alert(1)</script>'


async def link_of(client: httpx.AsyncClient, path: str) -> str:
    """The token of a new link."""
    answer = await client.post(f"{path}/link")
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["url"].split("token=")[1]
    return token


def form(token: str, **changes: str) -> dict[str, str]:
    return {"token": token, "solved": "yes", "score": "4", "action": "send", **changes}


async def send(customer: httpx.AsyncClient, given: dict[str, str]) -> httpx.Response:
    return await customer.post(PAGE, data=given)


def assert_dead(answer: httpx.Response, status: int = 404) -> None:
    assert answer.status_code == status
    assert "This link cannot be used" in answer.text
    assert "INC0000001" not in answer.text
    assert "acme" not in answer.text


class TestShowQuestions:
    async def test_asks_without_signing_in_and_chooses_nothing_beforehand(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        """R81, R82: by link, without a default score."""
        token = await link_of(client, await scheduled(service))
        answer = await customer.get(PAGE, params={"token": token})
        assert answer.status_code == 200
        assert "INC0000001" in answer.text
        radios = re.findall(r'<input type="radio"[^>]*>', answer.text)
        assert not any("checked" in radio for radio in radios)
        assert len([radio for radio in radios if 'name="score"' in radio]) == 5
        assert answer.text.count("<fieldset") == answer.text.count("<legend>")
        assert "<script" not in answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")

    async def test_speaks_the_customers_language(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        token = await link_of(client, await scheduled(service))
        page = (await customer.get(PAGE, params={"token": token}, headers={"accept-language": "zh-CN"})).text
        assert '<html lang="zh-CN">' in page
        assert "您的问题是否真正解决？" in page
        assert "态度礼貌友好" in page

    async def test_what_came_from_outside_is_escaped(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        token = await link_of(client, await scheduled(service, recently(title=HOSTILE)))
        saved = await send(customer, form(token, comment=HOSTILE, action="save"))
        for page in (saved.text, (await customer.get(PAGE, params={"token": token})).text):
            assert "<script" not in page
            assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


class TestTakeAnswers:
    async def test_complete_the_callback_by_link(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        """R82, F4: the mode is told apart; R185: conduct too."""
        path = await scheduled(service)
        token = await link_of(client, path)
        answer = await send(
            customer, form(token, solved="no", score="1", comment=HOSTILE, **{"conduct.no_argument": "2"})
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/satisfaction/answered")
        assert "Thank you" in (await customer.get("/satisfaction/answered")).text
        told_of = (await client.get(path)).json()
        assert (told_of["state"], told_of["channel"], told_of["completed_by"]) == ("completed", "link", "customer")
        assert (told_of["solved"], told_of["score"], told_of["on_time"]) == ("no", 1, True)
        assert (told_of["comment"], told_of["conduct"]) == (HOSTILE, {"no_argument": 2})
        events = (await told(service))[2:]
        assert [short(event) for event in events] == [
            "callback.completed",
            "resolution.disputed",
            "dissatisfaction.recorded",
        ]
        assert {(event.actor, event.correlation_id) for event in events} == {("customer", "story-INC0000001")}

    @pytest.mark.parametrize(
        "changes", [{"score": ""}, {"score": "6"}, {"score": "0"}, {"solved": ""}, {"solved": "x"}]
    )
    async def test_nothing_is_made_up(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient, changes: dict[str, str]
    ) -> None:
        """Scores out of range, and no default."""
        path = await scheduled(service)
        token = await link_of(client, path)
        answer = await send(customer, form(token, comment="kept", **changes))
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert "kept" in answer.text
        assert (await client.get(path)).json()["state"] == "due"
        assert (await send(customer, form(token))).status_code == 303

    async def test_an_item_that_nobody_asks_about_is_refused(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        token = await link_of(client, await scheduled(service))
        for changes in ({"conduct.charm": "5"}, {"conduct.courtesy": "9"}, {"conduct.Ö": "5"}):
            assert (await send(customer, form(token, **changes))).status_code == 422

    async def test_saved_half_way_it_waits(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        token = await link_of(client, path)
        half = {"token": token, "score": "3", "comment": "to be continued", "conduct.courtesy": "4", "action": "save"}
        saved = await send(customer, half)
        assert saved.status_code == 200
        assert "Your answers are saved" in saved.text
        page = (await customer.get(PAGE, params={"token": token})).text
        assert "to be continued" in page
        assert re.search(r'name="score" value="3" checked', page)
        assert re.search(r'name="conduct.courtesy" value="4" checked', page)
        assert not re.search(r'name="solved"[^>]*checked', page)
        told_of = (await client.get(path)).json()
        assert (told_of["state"], told_of["score"]) == ("due", None)
        assert len(await told(service)) == 2

    async def test_going_on_in_the_other_language_loses_nothing(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        """And times are told by the customer's own clock."""
        await client.put("/satisfaction/v1/callback-customers/acme", json={"zone": "Asia/Tokyo"})
        token = await link_of(client, await scheduled(service))
        onward = await send(customer, {"token": token, "comment": "half way", "action": "zh-CN"})
        assert (onward.status_code, onward.headers["location"]) == (303, f"{PAGE}?token={token}")
        page = (await customer.get(onward.headers["location"])).text
        assert '<html lang="zh-CN">' in page
        assert "half way" in page
        assert "Asia/Tokyo" in page

    async def test_whoever_is_calling_meanwhile(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        token = await link_of(client, path)
        await client.post(f"{path}/claim")
        assert (await send(customer, form(token))).status_code == 303
        problem(await client.post(f"{path}/complete", json=ANSWERS), 409, "illegal-transition")

    async def test_of_phone_and_link_at_once_one_wins(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A completed callback completed again: 409; its link is then like any that cannot be used."""
        monkeypatch.setitem(service.app.state._state, "link_misses", Misses(100))
        for number in range(1, 6):
            path = await scheduled(service, recently(number=number))
            token = await link_of(client, path)
            by_phone, by_link = await asyncio.gather(
                client.post(f"{path}/complete", json=ANSWERS), send(customer, form(token))
            )
            outcome = (by_phone.status_code, by_link.status_code)
            assert outcome in ((200, 404), (409, 303))
            told_of = (await client.get(path)).json()
            assert told_of["channel"] == ("phone" if by_phone.status_code == 200 else "link")
        assert [short(event) for event in await told(service)].count("callback.completed") == 5

    async def test_after_the_phone_it_is_settled(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service)
        token = await link_of(client, path)
        await client.post(f"{path}/complete", json=ANSWERS)
        assert_dead(await send(customer, form(token, score="1")))
        assert (await client.get(path)).json()["score"] == 5


class TestDeadLinks:
    async def test_tell_nothing_of_what_they_were(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Used, expired, replaced, guessed, truncated and missing tokens get one and the same answer."""
        monkeypatch.setitem(service.app.state._state, "link_misses", Misses(100))
        used = await link_of(client, await scheduled(service, recently(number=1)))
        assert (await send(customer, form(used))).status_code == 303
        replaced = await link_of(client, path := await scheduled(service, recently(number=2)))
        await link_of(client, path)
        cancelled = await link_of(client, await scheduled(service, recently(number=3)))
        await hear(service, reopened(3))
        expired = await link_of(client, await scheduled(service, recently(number=4)))
        async with service.database.transaction() as session:
            newest = "(SELECT id FROM callback_links ORDER BY issued_at DESC LIMIT 1)"
            await session.execute(text(f"UPDATE callback_links SET expires_at = now() WHERE id = {newest}"))
        good = await link_of(client, await scheduled(service, recently(number=5)))
        tokens = [
            used,
            replaced,
            cancelled,
            expired,
            secrets.token_urlsafe(32),
            good[:-1],
            good + "A",
            "",
            "é" * 43,
            "x" * 600,
        ]
        seen = [await customer.get(PAGE, params={"token": token}) for token in tokens]
        for answer in seen:
            assert_dead(answer)
        assert len({re.sub(r"back=[^\"]*", "", answer.text) for answer in seen}) == 1
        for token in tokens:
            assert_dead(await send(customer, form(token)))
        assert (await customer.get(PAGE, params={"token": good})).status_code == 200

    async def test_who_tries_many_has_to_wait_whatever_comes_then(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient, customer: httpx.AsyncClient
    ) -> None:
        """The one answer that differs depends on the address and not on the link; an address that a client only
        claims to have does not count."""
        token = await link_of(client, await scheduled(service))
        for _ in range(3):
            assert_dead(await customer.get(PAGE, params={"token": secrets.token_urlsafe(32)}))
        for asked in (token, secrets.token_urlsafe(32)):
            answer = await customer.get(PAGE, params={"token": asked})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
            assert (await send(customer, form(asked))).status_code == 429
        pretending = {"x-forwarded-for": "203.0.113.9"}
        assert (await customer.get(PAGE, params={"token": token}, headers=pretending)).status_code == 429
        elsewhere = desk.client(address="203.0.113.9")
        assert (await elsewhere.get(PAGE, params={"token": token})).status_code == 200

    async def test_a_minute_later_the_link_works(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient, misses: Misses
    ) -> None:
        token = await link_of(client, await scheduled(service))
        for _ in range(3):
            await customer.get(PAGE, params={"token": "x"})
        for tried in misses._of.values():
            moments = [moment - timedelta(minutes=1) for moment in tried]
            tried.clear()
            tried.extend(moments)
        assert (await customer.get(PAGE, params={"token": token})).status_code == 200

    @pytest.mark.parametrize("given", [{"comment": "x" * 20_001}, {"score": "1" * 101}])
    async def test_what_is_too_long_is_refused(
        self, service: Service, client: httpx.AsyncClient, customer: httpx.AsyncClient, given: dict[str, Any]
    ) -> None:
        token = await link_of(client, await scheduled(service))
        assert (await send(customer, {**form(token), **given})).status_code == 422


class TestMakeLink:
    async def test_the_console_shows_it_once(self, service: Service, desk: Fleet) -> None:
        path = (await scheduled(service)).replace("/v1/", "/")
        async with desk.client(Role.SERVICE_DESK, subject="wang.fang", name="Wang Fang") as agent:
            agent.headers["accept"] = "text/html"
            page = await agent.post(f"{path}/link")
            assert page.status_code == 200
            assert re.search(r"/satisfaction/answer\?token=[\w-]{43}<", page.text)
            again = (await agent.get(path)).text
            assert "token=" not in again
            assert "A link was made at" in again
