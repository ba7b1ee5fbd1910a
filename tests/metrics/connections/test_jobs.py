"""Polling: what is found, what survives a crash, and what is seen of a failure."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.metrics.connections import repository
from services.metrics.connections.jobs import LEASE, poll_due, tell_silences
from services.metrics.settings import MetricsSettings
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.shared.ticketing.desks import OPENED, REDMINE, REQUEST_TRACKER, SERVICENOW, STORY, Board, Desk, after
from tests.shared.ticketing.listener import Answer, Asked, Listener, listening
from tests.support.solo import Solo

URL = "/metrics/v1/connections/desk"
SETTINGS = MetricsSettings(poll_retry_seconds=(600.0,))


@pytest.fixture
async def admin(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.ADMINISTRATOR) as client:
        yield client


async def poll(solo: Solo) -> int:
    async with acting("tester"):
        return await poll_due(solo.database, solo.service.app.state.sources, SETTINGS)


async def tell(solo: Solo) -> None:
    async with acting("tester"):
        await tell_silences(solo.database)


async def drain(solo: Solo) -> int:
    """Poll until nothing is due; how many pages were taken."""
    pages = 0
    while await poll(solo):
        pages += 1
    return pages


async def connect(admin: httpx.AsyncClient, listener: Listener, system: str = "servicenow", **values: Any) -> None:
    poll = {"base_url": listener.url, "secret": "robot:secret", "since": OPENED.isoformat()}
    body = {"system": system, "authentication": "none", "poll": {**poll, **values.pop("poll", {})}, **values}
    answer = await admin.put(URL, json=body)
    assert answer.status_code == 200, answer.text


async def see(admin: httpx.AsyncClient) -> dict[str, Any]:
    seen: dict[str, Any] = (await admin.get(URL)).json()
    return seen


async def due_again(solo: Solo) -> None:
    async with solo.database.transaction() as session:
        await session.execute(text("UPDATE connections SET next_poll_at = now() - interval '1 second'"))


def moment(told: str) -> datetime:
    return datetime.fromisoformat(told)


@pytest.mark.parametrize("desk", [SERVICENOW, REQUEST_TRACKER, REDMINE], ids=lambda desk: desk.name)
class TestPollDue:
    async def test_what_is_polled_becomes_tickets_and_a_repeat_nothing(
        self, solo: Solo, admin: httpx.AsyncClient, desk: Desk
    ) -> None:
        """R31, R59: everything is collected; resolved, reopened and resolved again is two resolutions where a history
        is polled."""
        assert desk.answer is not None
        board = Board({"1": list(STORY), "2": [("new", 0), ("in_progress", 5)]})
        async with listening(desk.answer(board)) as listener:
            await connect(admin, listener, desk.name)
            assert await drain(solo) == 1
            told = await solo.events("incident.resolved")
            expected = [after(120)] if desk is SERVICENOW else [after(60), after(120)]
            assert [moment(event.data["resolved_at"]) for event in told] == expected
            before = await solo.events()
            await due_again(solo)
            assert await drain(solo) == 1
        assert await solo.events() == before
        tickets = (await admin.get("/metrics/v1/tickets")).json()["items"]
        assert {(ticket["external_id"], ticket["state"]) for ticket in tickets} == {
            ("1", "resolved"),
            ("2", "in_progress"),
        }
        seen = await see(admin)
        assert (seen["last_error"], moment(seen["poll"]["polled_until"])) == (None, after(120))
        wait = moment(seen["next_poll_at"]) - moment(seen["last_polled_at"])
        assert wait == timedelta(seconds=300)


class TestPages:
    async def test_a_crash_goes_on_behind_the_last_page_that_was_taken(
        self, solo: Solo, admin: httpx.AsyncClient
    ) -> None:
        board = Board({str(number): [("new", 0), ("in_progress", number)] for number in range(1, 251)})
        answer = SERVICENOW.answer(board)  # type: ignore[misc]
        is_down = False

        def answer_or_fail(asked: Asked) -> Answer:
            return Answer(503, b"maintenance") if is_down else answer(asked)

        async with listening(answer_or_fail) as listener:
            await connect(admin, listener)
            assert await poll(solo) == 1
            is_down = True
            assert await poll(solo) == 1
            seen = await see(admin)
            assert "answered 503: maintenance" in seen["last_error"]
            assert moment(seen["next_poll_at"]) > clock.now() + timedelta(seconds=590)
            assert await poll(solo) == 0
            is_down = False
            await due_again(solo)
            assert await drain(solo) == 1
        asked = [request.query["sysparm_query"].partition("^")[0] for request in listener.requests]
        assert asked == [
            f"sys_updated_on>={OPENED:%Y-%m-%d %H:%M:%S}",
            f"sys_updated_on>={after(200):%Y-%m-%d %H:%M:%S}",
            f"sys_updated_on>={after(200):%Y-%m-%d %H:%M:%S}",
        ]
        tickets = 0
        async with solo.database.reading() as session:
            tickets = (await session.execute(text("SELECT count(*) FROM tickets"))).scalar_one()
        assert tickets == 250
        assert (await see(admin))["last_error"] is None

    async def test_a_record_that_means_nothing_is_quarantined_and_keeps_nobody(
        self, solo: Solo, admin: httpx.AsyncClient
    ) -> None:
        board = Board({"1": [("new", 0)], "2": [("new", 0)]})
        words = {**SERVICENOW.words, "new": "-100"}
        records = [SERVICENOW.tell(number, steps, SERVICENOW.words)[0] for number, steps in board.tickets.items()]
        records[0] = SERVICENOW.tell("1", [("new", 0)], words)[0]
        async with listening(lambda _: Answer(body={"result": records})) as listener:
            await connect(admin, listener)
            await drain(solo)
        (kept,) = (await admin.get("/metrics/v1/quarantine")).json()["items"]
        assert (kept["origin"], kept["place"], "-100" in kept["reason"]) == ("poll desk", "[0]", True)
        (ticket,) = (await admin.get("/metrics/v1/tickets")).json()["items"]
        assert ticket["external_id"] == "2"
        (payload,) = (await admin.get(f"{URL}/payloads")).json()["items"]
        assert (payload["origin"], payload["outcome"], payload["accepted"]) == ("poll", "quarantined", 1)

    async def test_it_is_never_come_back_to_sooner_than_it_asked(self, solo: Solo, admin: httpx.AsyncClient) -> None:
        async with listening(lambda _: Answer(429, headers={"retry-after": "7200"})) as listener:
            await connect(admin, listener)
            await poll(solo)
        seen = await see(admin)
        assert timedelta(seconds=7190) < moment(seen["next_poll_at"]) - clock.now() <= timedelta(seconds=7200)
        assert seen["last_polled_at"] is None

    async def test_an_answer_that_nobody_thought_of_is_a_failure_to_be_seen(
        self, solo: Solo, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def crash(*_: Any) -> None:
            raise RuntimeError("odd")

        monkeypatch.setattr("services.metrics.inbound.service.take_page", crash)
        board = Board({"1": [("new", 0)]})
        async with listening(SERVICENOW.answer(board)) as listener:  # type: ignore[misc]
            await connect(admin, listener)
            assert await poll(solo) == 1
        assert (await see(admin))["last_error"] == "RuntimeError('odd')"


class TestLease:
    async def test_one_poller_at_a_time_and_the_dead_give_up(self, solo: Solo, admin: httpx.AsyncClient) -> None:
        async with listening(lambda _: Answer(503)) as listener:
            await connect(admin, listener)
        now = clock.now()

        async def claim(at: datetime) -> int:
            async with solo.database.transaction() as session:
                return len(await repository.claim_due(session, at, LEASE, 4))

        assert [await claim(now), await claim(now), await claim(now + LEASE)] == [1, 0, 1]

    async def test_what_was_read_by_an_older_map_is_not_taken(self, solo: Solo, admin: httpx.AsyncClient) -> None:
        async with listening(lambda _: Answer(503)) as listener:
            await connect(admin, listener)
            async with solo.database.transaction() as session:
                (row,) = await repository.claim_due(session, clock.now(), LEASE, 4)
            async with solo.database.transaction() as session:
                assert await repository.hold_lease(session, "desk", row.leased_until, row.revision)
            await connect(admin, listener, states={"-100": "new"})
            async with solo.database.transaction() as session:
                assert not await repository.hold_lease(session, "desk", row.leased_until, row.revision)
            assert await poll(solo) == 1


class TestTellSilences:
    """R31: a connection that is silent for longer than expected is overdue, once."""

    async def test_once_per_silence(
        self, solo: Solo, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = "a-long-enough-bearer-secret"
        body = {"authentication": "bearer", "secret": secret, "expected_every_hours": 2, "owner": "ann"}
        assert (await admin.put(URL, json=body)).status_code == 200
        start = clock.now()

        async def tell_after(hours: float) -> list[dict[str, Any]]:
            monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=hours))
            await tell(solo)
            return [event.data for event in await solo.events("collection.overdue")]

        assert await tell_after(1.9) == []
        (told,) = await tell_after(2.1)
        assert (told["connection"], told["owner"], told["measure_key"]) == ("desk", "ann", None)
        assert abs(moment(told["due_at"]) - start - timedelta(hours=2)) < timedelta(seconds=5)
        assert len(await tell_after(9)) == 1
        facts = {"external_id": "1", "state": "new", "updated_at": "2026-03-02T09:00:00Z"}
        posted = await admin.post(
            "/metrics/v1/tickets/inbound/desk",
            json={**facts, "opened_at": "2026-03-02T09:00:00Z"},
            headers={"authorization": f"Bearer {secret}"},
        )
        assert posted.status_code == 200, posted.text
        assert len(await tell_after(10.9)) == 1
        assert len(await tell_after(11.1)) == 2
        first, second = await solo.events("collection.overdue")
        assert (first.sequence, second.sequence, second.subject) == (1, 2, "desk")

    async def test_a_poll_that_goes_well_is_heard_although_nothing_was_new(
        self, solo: Solo, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with listening(SERVICENOW.answer(Board())) as listener:  # type: ignore[misc]
            await connect(admin, listener, expected_every_hours=2)
            start = clock.now()
            monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=3))
            await drain(solo)
        monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=4))
        await tell(solo)
        assert await solo.events("collection.overdue") == []
