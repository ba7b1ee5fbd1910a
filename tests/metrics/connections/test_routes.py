import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from shared.auth import Role
from shared.sealing import Sealer
from shared.ticketing.systems import SYSTEMS
from tests.metrics.reopens.builders import POLLED, Desk
from tests.shared.ticketing.desks import REQUEST_TRACKER, STORY, Board
from tests.shared.ticketing.listener import Answer, listening
from tests.support.solo import Solo

URL = "/metrics/v1/connections"
SECRET = "whsec_" + base64.b64encode(b"a shared secret of 32 characters").decode()
FIELD_MAP = {"external_id": "k", "state": "s", "opened_at": "o", "updated_at": "u"}
POLL = {"base_url": "https://rt.invalid", "authentication": "basic", "secret": "robot:secret"}


@pytest.fixture
async def admin(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.ADMINISTRATOR) as client:
        yield client


async def connect(client: httpx.AsyncClient, key: str = "desk", **values: Any) -> httpx.Response:
    return await client.put(f"{URL}/{key}", json={"secret": SECRET, **values})


class TestPutConnection:
    @pytest.mark.parametrize(
        ("values", "title", "says"),
        [
            ({"field_map": {"colour": "x"}}, "Unsound map", "external_id"),
            ({"field_map": {"state": "x"}}, "Unsound map", "at least"),
            ({"field_map": {**FIELD_MAP, "state": {"values": {}}}}, "Unsound map", "path"),
            ({"time_zone": "Mars/Olympus"}, "Unknown zone", "Asia/Shanghai"),
            ({"secret": "whsec_not!base64!really"}, "Unsound sender", "base64"),
            ({"secret": None}, "Unsound sender", "secret"),
            ({"system": "jira", "poll": POLL}, "Unsound poll", "not polled"),
        ],
    )
    async def test_what_cannot_work_is_named_with_what_would(
        self, admin: httpx.AsyncClient, values: dict[str, Any], title: str, says: str
    ) -> None:
        answer = await connect(admin, **values)
        assert (answer.status_code, answer.json()["title"]) == (422, title), answer.text
        assert says in answer.json()["detail"]

    async def test_secrets_are_sealed_and_never_answered(self, solo: Solo, admin: httpx.AsyncClient) -> None:
        await connect(admin, system="request_tracker", authentication="bearer", poll=POLL)
        for answer in (await admin.get(f"{URL}/desk"), await admin.get(URL)):
            assert SECRET not in answer.text
            assert "robot" not in answer.text
        async with solo.database.reading() as session:
            row = (await session.connection()).exec_driver_sql("SELECT * FROM connections")
            (stored,) = (await row).all()
        assert Sealer(solo.settings.keys.seal).unseal(stored.sealed_poll_secret) == "robot:secret"
        assert SECRET not in str(stored)

    async def test_what_is_left_out_of_secrets_stays(self, admin: httpx.AsyncClient) -> None:
        await connect(admin, system="request_tracker", poll=POLL)
        kept = {"system": "request_tracker", "poll": {"base_url": POLL["base_url"], "authentication": "basic"}}
        answer = await admin.put(f"{URL}/desk", json=kept)
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
        moved = {**kept, "poll": {"base_url": "https://evil.invalid", "authentication": "basic"}}
        refused = await admin.put(f"{URL}/desk", json=moved)
        assert (refused.status_code, "no other host" in refused.json()["detail"]) == (422, True)

    async def test_another_scheme_needs_a_secret_of_its_own(self, admin: httpx.AsyncClient) -> None:
        await connect(admin)
        answer = await admin.put(f"{URL}/desk", json={"authentication": "basic"})
        assert (answer.status_code, "user" in answer.json()["detail"] or "secret" in answer.json()["detail"]) == (
            422,
            True,
        )

    async def test_who_read_an_older_version_is_told(self, admin: httpx.AsyncClient) -> None:
        first = await connect(admin)
        assert first.headers["etag"] == '"1"'
        await connect(admin, time_zone="Asia/Shanghai")
        late = await admin.put(f"{URL}/desk", json={"secret": SECRET}, headers={"if-match": '"1"'})
        assert late.status_code == 412
        now = await admin.put(f"{URL}/desk", json={"secret": SECRET}, headers={"if-match": '"2"'})
        assert now.status_code == 200

    async def test_polling_from_another_time_begins_again_there(self, admin: httpx.AsyncClient) -> None:
        poll = {**POLL, "since": "2024-01-01T00:00:00Z"}
        first = (await connect(admin, system="request_tracker", poll=poll)).json()
        assert first["poll"]["polled_until"] == "2024-01-01T00:00:00Z"
        poll["since"] = "2023-01-01T00:00:00Z"
        again = (await connect(admin, system="request_tracker", poll=poll)).json()
        assert again["poll"]["polled_until"] == "2023-01-01T00:00:00Z"
        without = (await connect(admin, system="request_tracker")).json()
        assert (without["poll"], without["next_poll_at"]) == (None, None)

    async def test_only_an_administrator_may(self, solo: Solo) -> None:
        async with solo.client(Role.OPERATIONS_MANAGER) as manager:
            assert (await connect(manager)).status_code == 403
            assert (await manager.post(f"{URL}/desk/test")).status_code == 403


class TestReopening:
    """R81: by which access, and with which options, a disputed incident is reopened there."""

    @pytest.fixture(autouse=True)
    def desk(self, monkeypatch: pytest.MonkeyPatch) -> Desk:
        made = Desk()
        made.serve(monkeypatch, "redmine", "generic")
        return made

    async def put(self, admin: httpx.AsyncClient, **changes: Any) -> httpx.Response:
        return await admin.put(f"{URL}/desk", json={**POLLED, **changes})

    async def test_is_shown_without_its_secrets(self, solo: Solo, admin: httpx.AsyncClient) -> None:
        asked = {
            "base_url": "https://write.invalid",
            "secret": "a-writing-key",
            "options": {"status": "New", "headers": {"X-Gate": "open-sesame"}},
        }
        answer = await self.put(admin, reopening=asked)
        assert answer.json()["reopening"] == {
            "base_url": "https://write.invalid",
            "authentication": None,
            "has_secret": True,
            "headers": ["X-Gate"],
            "secret_options": ["headers"],
            "options": {"status": "New"},
        }
        async with solo.database.reading() as session:
            row = (await (await session.connection()).exec_driver_sql("SELECT * FROM connections")).one()
        for told in (answer.text, (await admin.get(f"{URL}/desk")).text, str(row)):
            assert "a-writing-key" not in told
            assert "open-sesame" not in told

    async def test_secrets_stay_for_the_same_address_only(self, admin: httpx.AsyncClient) -> None:
        own = {"base_url": "https://write.invalid", "secret": "a-writing-key"}
        await self.put(admin, reopening=own)
        kept = await self.put(admin, reopening={"base_url": "https://write.invalid"})
        assert (kept.status_code, kept.json()["reopening"]["has_secret"]) == (200, True)
        moved = await self.put(admin, reopening={"base_url": "https://elsewhere.invalid"})
        assert (moved.status_code, "no other host" in moved.json()["detail"]) == (422, True)

    async def test_headers_stay_for_the_same_address_only(self, admin: httpx.AsyncClient) -> None:
        async def put(url: str, **options: Any) -> list[str]:
            body = {"secret": SECRET, "reopening": {"options": {"url": url, **options}}}
            shown: list[str] = (await admin.put(f"{URL}/desk", json=body)).json()["reopening"]["headers"]
            return shown

        assert await put("https://a.invalid/${external_id}", headers={"X-Gate": "open"}) == ["X-Gate"]
        assert await put("https://a.invalid/${external_id}") == ["X-Gate"]
        assert await put("https://b.invalid/${external_id}") == []

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"reopening": {"options": {"colour": "red"}}}, "colour"),
            ({"reopening": {"options": {"headers": ["x"]}}}, "headers"),
            ({"reopening": {"options": {"note": "a\x00"}}}, "NUL"),
            ({"reopening": {"base_url": "ftp://desk.invalid", "secret": "s"}}, "reopening.base_url"),
            ({"reopening": {"base_url": "https://desk.invalid"}}, "reopening.secret"),
            ({"reopening": {"secret": "alone"}}, "reopening.base_url"),
            (
                {"reopening": {"base_url": "https://d.invalid", "authentication": "basic", "secret": "nobody"}},
                "user:password",
            ),
            (
                {"reopening": {"base_url": "https://d.invalid", "authentication": "zammad_token", "secret": "x"}},
                "api_key",
            ),
            ({"reopening": {"status": "New"}}, "status"),
        ],
    )
    async def test_what_cannot_work_is_named_with_what_would(
        self, admin: httpx.AsyncClient, changes: dict[str, Any], says: str
    ) -> None:
        answer = await self.put(admin, **changes)
        assert (answer.status_code, says in answer.json()["detail"]) == (422, True), answer.text

    async def test_what_has_no_reopener_says_so(
        self, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(SYSTEMS, "redmine", replace(SYSTEMS["redmine"], reopener=None))
        answer = await self.put(admin)
        assert (answer.status_code, "cannot be reopened" in answer.json()["detail"]) == (422, True)

    async def test_the_test_tells_whether_it_is_configured(self, admin: httpx.AsyncClient) -> None:
        async with listening(lambda _: Answer(401)) as listener:
            poll = {"base_url": listener.url, "secret": "the-poll-key"}
            await self.put(admin, poll=poll)
            configured = (await admin.post(f"{URL}/desk/test")).json()["findings"][-1]
            await self.put(admin, poll=poll, reopening=None)
            without = (await admin.post(f"{URL}/desk/test")).json()["findings"][-1]
        assert (configured["what"], configured["ok"], listener.url in configured["detail"]) == ("reopen", True, True)
        assert (without["what"], "not configured" in without["detail"]) == ("reopen", True)


class TestTryConnection:
    async def test_says_what_it_could_do(self, admin: httpx.AsyncClient) -> None:
        board = Board()
        async with listening(REQUEST_TRACKER.answer(board)) as listener:  # type: ignore[misc]
            await connect(admin, system="request_tracker", poll={**POLL, "base_url": listener.url})
            answer = await admin.post(f"{URL}/desk/test")
        told = answer.json()
        assert told["works"] is True
        assert told["findings"][0] == {
            "what": "poll",
            "ok": True,
            "detail": "signed in; 0 records changed in the last day were read",
        }

    async def test_says_what_it_could_not_do(self, admin: httpx.AsyncClient) -> None:
        async with listening(lambda _: Answer(401)) as listener:
            await connect(admin, system="request_tracker", poll={**POLL, "base_url": listener.url})
            told = (await admin.post(f"{URL}/desk/test")).json()
        assert (told["works"], "check authentication and secret" in told["findings"][0]["detail"]) == (False, True)

    async def test_says_which_records_mean_nothing(self, admin: httpx.AsyncClient) -> None:
        (element,) = REQUEST_TRACKER.tell("7", STORY, {**REQUEST_TRACKER.words, "new": "pondering"})
        ticket = {**element["ticket"], "LastUpdated": "2199-01-01T00:00:00Z"}
        history = {"items": element["history"], "pages": 1}
        async with listening(
            lambda asked: Answer(body=history if asked.path.endswith("history") else {"items": [ticket]})
        ) as listener:
            await connect(admin, system="request_tracker", poll={**POLL, "base_url": listener.url})
            told = (await admin.post(f"{URL}/desk/test")).json()
        shown = [(finding["what"], finding["ok"]) for finding in told["findings"]]
        assert shown[:2] == [("poll", True), ("map", False)]
        assert "1 of 1 mean nothing: state: 'pondering'" in told["findings"][1]["detail"]
        assert (await admin.get("/metrics/v1/tickets")).json()["items"] == []

    async def test_what_only_posts_has_nothing_to_try(self, admin: httpx.AsyncClient) -> None:
        await connect(admin)
        told = (await admin.post(f"{URL}/desk/test")).json()
        assert (told["works"], "sends webhooks" in told["findings"][0]["detail"]) == (True, True)

    async def test_an_unknown_connection_is_404(self, admin: httpx.AsyncClient) -> None:
        assert (await admin.post(f"{URL}/nobody/test")).status_code == 404
