import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from services.metrics.connections.service import Sources
from services.metrics.reopens import jobs
from services.metrics.settings import MetricsSettings
from services.metrics.tickets.models import tickets
from shared import clock
from shared.auth import Role
from shared.ids import new_id
from shared.sealing import Sealer
from shared.ticketing import attempts
from shared.ticketing.failures import RemoteFailed
from tests.metrics.reopens.builders import URL, Desk, connect, dispute, fields_of, run
from tests.support.solo import Solo
from tests.support.waiting import eventually


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    made.serve(monkeypatch)
    return made


async def only(solo: Solo) -> dict[str, Any]:
    """The one reopening there is, with its attempts."""
    async with solo.client(Role.AUDITOR) as client:
        (item,) = (await client.get(URL)).json()["items"]
        detail: dict[str, Any] = (await client.get(f"{URL}/{item['id']}")).json()
    return detail


async def make_due(solo: Solo) -> None:
    async with solo.transaction() as session:
        await session.execute(text("UPDATE reopens SET next_attempt_at = now() - interval '1 s' WHERE state = 'due'"))


class TestReopenDue:
    async def test_a_dispute_is_reopened_where_it_came_from(self, solo: Solo, desk: Desk) -> None:
        """R81: the incident is reopened in the ticketing system, once, with what the customer said."""
        await connect(solo)
        told = dispute()
        await solo.hear(told)
        await solo.hear(told)
        assert await run(solo) == 1
        assert await run(solo) == 0
        ((external_id, note),) = desk.calls
        assert (external_id, "It fails again" in note, str(told.callback_id) in note) == ("4711", True, True)
        row = await only(solo)
        assert (row["state"], row["last_error"]) == ("reopened", None)
        assert [attempt["outcome"] for attempt in row["attempt_log"]] == ["reopened"]
        assert await solo.events() == []

    async def test_the_poll_s_access_serves(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        await solo.hear(dispute())
        await run(solo)
        access, options = desk.opened[-1]
        assert (access.base_url, access.authentication, access.secret) == (
            "https://desk.invalid",
            "api_key",
            "the-poll-key",
        )
        assert options == {"status": "In Progress"}

    async def test_an_access_of_its_own_serves(self, solo: Solo, desk: Desk) -> None:
        own = {"base_url": "https://write.invalid", "authentication": "basic", "secret": "robot:writes", "options": {}}
        await connect(solo, reopening=own)
        await solo.hear(dispute())
        await run(solo)
        access, _ = desk.opened[-1]
        assert (access.base_url, access.authentication, access.secret) == (
            "https://write.invalid",
            "basic",
            "robot:writes",
        )

    async def test_what_is_open_there_already_is_no_failure(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        desk.answers = [False]
        await solo.hear(dispute())
        await run(solo)
        assert (await only(solo))["state"] == "already_open"

    @pytest.mark.parametrize("changed", [{"state": "in_progress"}, {"resolution_number": 2}])
    async def test_what_was_reopened_meanwhile_is_left_alone(
        self, solo: Solo, desk: Desk, changed: dict[str, Any]
    ) -> None:
        """A second resolution is not undone by the dispute of the first."""
        await connect(solo)
        told = dispute()
        async with solo.transaction() as session:
            await session.execute(insert(tickets).values(**fields_of(told.ticket_id, told.external_id, **changed)))
        await solo.hear(told)
        assert await run(solo) == 0
        assert desk.calls == []
        assert (await only(solo))["state"] == "already_open"

    async def test_a_failure_is_a_row_and_is_tried_again(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        desk.answers = [RemoteFailed("answered 503: maintenance", 600.0)]
        await solo.hear(dispute())
        before = clock.now()
        await run(solo)
        row = await only(solo)
        assert (row["state"], row["last_error"]) == ("due", "answered 503: maintenance")
        (attempt,) = row["attempt_log"]
        assert (attempt["outcome"], attempt["retry_after_seconds"]) == ("failed", 600)
        assert row["next_attempt_at"] >= (before + timedelta(seconds=600)).isoformat()
        assert await run(solo) == 0
        await make_due(solo)
        await run(solo)
        again = await only(solo)
        assert again["state"] == "reopened"
        assert [attempt["outcome"] for attempt in again["attempt_log"]] == ["failed", "reopened"]

    async def test_a_lasting_failure_is_alarmed_at_once_and_may_be_retried(self, solo: Solo, desk: Desk) -> None:
        """R81: what cannot be reopened is told, with what to mend."""
        await connect(solo)
        desk.answers = [RemoteFailed("PUT … answered 403: this user may not do that", is_lasting=True)]
        told = dispute()
        await solo.hear(told)
        await run(solo)
        row = await only(solo)
        assert (row["state"], row["attempt_log"][0]["is_lasting"]) == ("failed", True)
        (event,) = await solo.events("reopen.failed")
        assert event.data["callback_id"] == str(told.callback_id)
        assert "answered 403" in event.data["reason"]
        assert f"{row['id']}/retry" in event.data["reason"]
        async with solo.client(Role.SERVICE_DESK) as client:
            again = await client.post(f"{URL}/{row['id']}/retry")
            assert (again.status_code, again.json()["state"]) == (200, "due")
            await run(solo)
            assert (await only(solo))["state"] == "reopened"
            assert (await client.post(f"{URL}/{row['id']}/retry")).status_code == 409

    async def test_the_end_of_the_schedule_is_alarmed(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        schedule = MetricsSettings().reopen_retry_seconds
        desk.answers = [RemoteFailed("no answer within 30 s") for _ in range(len(schedule) + 1)]
        await solo.hear(dispute())
        for _ in range(len(schedule) + 1):
            await make_due(solo)
            await run(solo)
        assert (await only(solo))["state"] == "failed"
        (event,) = await solo.events("reopen.failed")
        assert event.data["attempts"] == len(schedule) + 1

    async def test_an_adapter_that_crashes_is_an_attempt_that_failed(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        desk.answers = [KeyError("a mistake of ours")]
        await solo.hear(dispute())
        await run(solo)
        row = await only(solo)
        assert (row["state"], "KeyError" in row["last_error"]) == ("due", True)

    async def test_a_call_that_hangs_ends_before_its_lease(
        self, solo: Solo, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert timedelta(seconds=attempts.CALL_SECONDS) < attempts.LEASE
        monkeypatch.setattr(attempts, "CALL_SECONDS", 0.01)
        await connect(solo)
        desk.waiting["4711"] = asyncio.Event()
        await solo.hear(dispute())
        await run(solo)
        assert "not done within" in (await only(solo))["last_error"]

    async def test_who_died_in_the_call_is_seen(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        desk.waiting["4711"] = asyncio.Event()
        await solo.hear(dispute())
        dying = asyncio.create_task(run(solo))

        async def called() -> bool:
            return bool(desk.calls)

        await eventually(called)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        desk.waiting["4711"].set()
        await make_due(solo)
        await run(solo)
        row = await only(solo)
        assert [attempt["outcome"] for attempt in row["attempt_log"]] == ["lost", "reopened"]

    async def test_a_slow_system_delays_no_other(self, solo: Solo, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        await connect(solo)
        await connect(solo, "other")
        desk.waiting = {"slow": asyncio.Event()}
        for _ in range(jobs.PER_SOURCE + 1):
            await solo.hear(dispute(external_id="slow"))
        running = asyncio.create_task(run(solo))

        async def under_way() -> bool:
            return len(desk.calls) >= jobs.PER_SOURCE

        await eventually(under_way)
        await solo.hear(dispute(source="other", external_id="quick"))

        async def done() -> bool:
            async with solo.client(Role.AUDITOR) as client:
                (item,) = (await client.get(URL, params={"source": "other"})).json()["items"]
            return bool(item["state"] == "reopened")

        await eventually(done)
        assert [call[0] for call in desk.calls] == ["slow"] * jobs.PER_SOURCE + ["quick"]
        desk.waiting["slow"].set()
        assert await running == jobs.PER_SOURCE + 2

    async def test_two_workers_at_once_reopen_each_once(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        for number in range(6):
            await solo.hear(dispute(external_id=str(number)))
        tried = await asyncio.gather(*(run(solo) for _ in range(3)))
        assert sum(tried) == 6
        assert sorted(call[0] for call in desk.calls) == ["0", "1", "2", "3", "4", "5"]


class TestNotConfigured:
    async def test_an_unknown_source_says_what_would_be_right(self, solo: Solo) -> None:
        await solo.hear(dispute(source="imported"))
        assert await run(solo) == 0
        row = await only(solo)
        assert (row["state"], row["attempt_log"]) == ("not_configured", [])
        assert "PUT /metrics/v1/connections/imported" in row["last_error"]

    async def test_a_connection_without_reopening_says_what_would_be_right(self, solo: Solo, desk: Desk) -> None:
        await connect(solo, reopening=None)
        await solo.hear(dispute())
        await run(solo)
        row = await only(solo)
        assert (row["state"], "'reopening'" in row["last_error"]) == ("not_configured", True)
        await connect(solo)
        async with solo.client(Role.OPERATIONS_MANAGER) as client:
            assert (await client.post(f"{URL}/{row['id']}/retry")).status_code == 200
        await run(solo)
        assert (await only(solo))["state"] == "reopened"

    async def test_a_secret_of_another_key_is_a_failed_attempt_with_words(self, solo: Solo, desk: Desk) -> None:
        await connect(solo)
        await solo.hear(dispute())
        await run(solo, Sources(Sealer("another key")))
        row = await only(solo)
        assert (row["state"], "RATCHET_SEAL_KEY" in row["last_error"]) == ("failed", True)
        assert desk.calls == []


class TestRoutes:
    async def test_lists_by_state_and_source_page_by_page(self, solo: Solo) -> None:
        for number in range(3):
            await solo.hear(dispute(external_id=str(number)))
        async with solo.client(Role.AUDITOR) as client:
            first = (await client.get(URL, params={"state": "due", "source": "desk", "limit": 2})).json()
            rest = (await client.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()
            assert [item["external_id"] for item in (*first["items"], *rest["items"])] == ["2", "1", "0"]
            assert (await client.get(URL, params={"state": "failed"})).json()["items"] == []
            assert (await client.get(f"{URL}/{new_id()}")).status_code == 404
            assert (await client.post(f"{URL}/{new_id()}/retry")).status_code == 403
        async with solo.client(Role.SERVICE_DESK) as client:
            assert (await client.post(f"{URL}/{new_id()}/retry")).status_code == 404
        async with solo.client(Role.CUSTOMER) as client:
            assert (await client.get(URL)).status_code == 403


class TestComingBack:
    async def test_the_reopening_is_heard_from_the_source_and_counted_once(
        self, solo: Solo, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """R81: what we reopened is reopened when its source says so, and only then."""
        desk = Desk()
        desk.serve(monkeypatch, "generic")
        async with solo.client(Role.ADMINISTRATOR) as client:
            body = {"authentication": "bearer", "secret": "a-secret-of-the-desk", "reopening": {"options": {}}}
            assert (await client.put("/metrics/v1/connections/desk", json=body)).status_code == 200

        async def post(state: str, at: str) -> None:
            facts = {"source": "desk", "external_id": "4711", "opened_at": "2026-03-02T08:00:00Z"}
            async with solo.client() as system:
                answer = await system.post(
                    "/metrics/v1/tickets/inbound/desk",
                    json={**facts, "state": state, "updated_at": at},
                    headers={"Authorization": "Bearer a-secret-of-the-desk"},
                )
            assert answer.status_code == 200, answer.text

        await post("resolved", "2026-03-02T11:00:00Z")
        (resolved,) = await solo.events("incident.resolved")
        await solo.hear(dispute(ticket_id=resolved.data["ticket_id"]))
        assert await run(solo) == 1
        assert await solo.events("incident.reopened") == []
        for _ in range(2):
            await post("in_progress", "2026-03-03T10:30:00Z")
        await solo.hear(dispute(ticket_id=resolved.data["ticket_id"]))  # told again after it came back
        assert await run(solo) == 0
        assert len(await solo.events("incident.reopened")) == 1
        assert [call[0] for call in desk.calls] == ["4711"]
        async with solo.client(Role.AUDITOR) as client:
            states = {item["state"] for item in (await client.get(URL)).json()["items"]}
        assert states == {"reopened", "already_open"}
