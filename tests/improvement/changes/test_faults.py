"""What a ticketing system may do to a change that is to be raised, and to one that is."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.improvement.connections.service import Ticketing
from services.improvement.improvements.service import lock_improvement, tell
from services.improvement.settings import ImprovementSettings
from shared import clock
from shared.events.improvement import ImprovementApprovalExpired
from shared.sealing import Sealer
from shared.ticketing import attempts
from shared.ticketing.changes import ChangeOutcome
from shared.ticketing.failures import RemoteFailed
from tests.improvement.builders import CHANGES, IMPROVEMENTS, LONG_AGO, People, ok
from tests.improvement.changes.builders import (
    Desk,
    approve,
    change_of,
    connect,
    listen,
    make_due,
    poll_due,
    raise_due,
    raised,
)
from tests.support.solo import Solo
from tests.support.waiting import eventually

CONNECTIONS = "/improvement/v1/change-connections"


class TestRaising:
    async def test_goes_by_the_connection_with_what_change_management_needs(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        """R12, R118: an approved improvement is a change request there, with plan, impact and who approved it."""
        await connect(solo)
        record, change = await raised(solo, staff)
        (request,) = desk.requests.values()
        assert (request.plan, request.approved_by, request.correlation_id) == (
            record["plan"],
            "sven",
            f"{record['id']}:1",
        )
        assert (change["state"], change["connection"], change["external_id"]) == ("raised", "desk", "CHG-1")
        assert [(a["outcome"], a["connection"]) for a in change["attempt_log"]] == [("raised", "desk")]

    async def test_a_lost_answer_gives_exactly_one_change(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        desk.lost = [RemoteFailed("no answer within 30 s")]
        record, change = await raised(solo, staff)
        assert change["state"] == "pending"
        await make_due(solo)
        await raise_due(solo)
        change = await change_of(staff, record)
        assert (change["state"], change["external_id"], len(desk.requests)) == ("raised", "CHG-1", 1)
        assert [attempt["outcome"] for attempt in change["attempt_log"]] == ["failed", "found"]

    async def test_a_process_that_dies_in_the_call_gives_exactly_one_change(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record = await approve(solo, staff)
        desk.hangs = asyncio.Event()
        dying = asyncio.create_task(raise_due(solo))

        async def created() -> bool:
            return bool(desk.requests)

        await eventually(created)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        desk.hangs = None
        (attempt,) = (await change_of(staff, record))["attempt_log"]
        assert attempt["outcome"] is None
        assert await raise_due(solo) == 0  # its lease still runs
        await make_due(solo)
        await raise_due(solo)
        change = await change_of(staff, record)
        assert [attempt["outcome"] for attempt in change["attempt_log"]] == ["lost", "found"]
        assert (change["external_id"], len(desk.requests)) == ("CHG-1", 1)

    @pytest.mark.parametrize(("asked", "seconds"), [(900.0, 900), (10.0**9, 86_400)])
    async def test_retry_after_is_honoured_up_to_a_day(
        self, solo: Solo, staff: People, desk: Desk, asked: float, seconds: int
    ) -> None:
        await connect(solo)
        desk.failures = [RemoteFailed("answered 429: it asks us to come less often", asked)]
        before = clock.now()
        _, change = await raised(solo, staff)
        assert (change["state"], change["attempts"]) == ("pending", 1)
        due = datetime.fromisoformat(change["next_attempt_at"]) - before
        assert timedelta(seconds=seconds) <= due < timedelta(seconds=seconds + 60)
        assert change["attempt_log"][0]["retry_after_seconds"] == seconds
        assert await raise_due(solo) == 0
        listed = ok(await staff.reader.get(CHANGES, params={"retried": True}))["items"]
        assert [item["last_error"] for item in listed] == ["answered 429: it asks us to come less often"]
        assert ok(await staff.reader.get(CHANGES, params={"retried": False}))["items"] == []

    async def test_a_lasting_failure_stops_at_once_is_alarmed_and_can_be_raised_again(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        desk.failures = [RemoteFailed("POST /issues.json answered 401: it does not know this token", is_lasting=True)]
        record, change = await raised(solo, staff)
        assert (change["state"], len(change["attempt_log"]), change["next_attempt_at"]) == ("failed", 1, None)
        assert change["attempt_log"][0]["is_lasting"] is True
        (event,) = await solo.events("change.failed")
        assert "answered 401" in event.data["reason"]
        assert "mend that, then raise it again" in event.data["reason"]
        counts = ok(await staff.reader.get(f"{CHANGES}/counts"))
        assert counts == [{"state": "failed", "changes": 1, "retried": 0, "next_attempt_at": None}]
        assert await raise_due(solo) == 0

        await connect(solo, options={"project": "mended"})
        ok(await staff.manager.post(f"{CHANGES}/{change['id']}/raise"))
        await raise_due(solo)
        assert (await change_of(staff, record))["state"] == "raised"
        assert desk.calls[-1] == "raise in mended"

    async def test_a_connection_that_vanished_is_a_failed_attempt_and_another_may_do(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record = await approve(solo, staff)
        async with solo.transaction() as session:
            await session.execute(text("DELETE FROM change_connections"))
        await raise_due(solo)
        change = await change_of(staff, record)
        assert (change["state"], "no connection 'desk' any more" in change["last_error"]) == ("failed", True)
        path = f"{CHANGES}/{change['id']}/raise"
        refused = ok(await staff.manager.post(path), 409)
        assert "'desk'" in refused["detail"]
        await connect(solo, "other")
        again = ok(await staff.manager.post(path, json={"connection": "other"}))
        assert (again["connection"], again["system"]) == ("other", "redmine")
        await raise_due(solo)
        assert (await change_of(staff, record))["state"] == "raised"

    async def test_secrets_of_another_key_are_a_failed_attempt_with_words(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record = await approve(solo, staff)
        await raise_due(solo, Ticketing(Sealer("another key")))
        change = await change_of(staff, record)
        assert (change["state"], "RATCHET_SEAL_KEY" in change["last_error"]) == ("failed", True)
        assert desk.calls == []

    async def test_nothing_for_a_minute_ends_before_the_lease(
        self, solo: Solo, staff: People, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert timedelta(seconds=attempts.CALL_SECONDS) < attempts.LEASE
        monkeypatch.setattr(attempts, "CALL_SECONDS", 0.01)
        await connect(solo)
        desk.waiting["ops"] = asyncio.Event()
        _, change = await raised(solo, staff)
        assert (change["state"], "not done within" in change["last_error"]) == ("pending", True)

    async def test_a_slow_system_delays_no_other(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo, "slow", options={"project": "slow"})
        desk.waiting["slow"] = asyncio.Event()
        await approve(solo, staff, "group=1")
        running = asyncio.create_task(raise_due(solo))

        async def under_way() -> bool:
            return desk.calls == ["find in slow"]

        await eventually(under_way)
        await connect(solo, "quick", options={"project": "quick"})
        quick = await approve(solo, staff, "group=2")

        async def done() -> bool:
            return bool((await change_of(staff, quick))["state"] == "raised")

        await eventually(done)
        assert not running.done()
        desk.waiting["slow"].set()
        assert await running == 2

    async def test_what_a_system_says_is_kept_without_harm(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        desk.failures = [RemoteFailed("garbage \x00" + "x" * 100_000)]
        _, change = await raised(solo, staff)
        assert change["last_error"].startswith("garbage x")
        assert len(change["last_error"]) == 2000


class TestAsking:
    async def test_brings_the_outcome_back_and_keeps_what_was_told(self, solo: Solo, staff: People, desk: Desk) -> None:
        """R119, R120: the outcome moves the record; the archive says when, by which way and in which words."""
        await connect(solo)
        record, _ = await raised(solo, staff)
        for outcome in (ChangeOutcome("raised"), ChangeOutcome("accepted"), ChangeOutcome("implemented", LONG_AGO)):
            desk.outcomes["CHG-1"] = outcome
            for _ in range(2):
                await make_due(solo)
                await poll_due(solo)
        change = await change_of(staff, record)
        assert change["state"] == "implemented"
        assert [(r["way"], r["state"], r["effect"]) for r in change["reports"]] == [
            ("poll", "accepted", "moved"),
            ("poll", "implemented", "moved"),
        ]
        assert (await staff.read(record["id"]))["state"] == "monitoring"

    async def test_a_failed_question_is_visible_and_asked_again_later_and_later(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        desk.outcomes["CHG-1"] = RemoteFailed("answered 500: garbage", 40_000.0)
        before = clock.now()
        await make_due(solo)
        assert await poll_due(solo) == 1
        change = await change_of(staff, record)
        assert (change["state"], change["attempts"]) == ("raised", 1)
        assert "answered 500" in change["last_error"]
        assert datetime.fromisoformat(change["next_attempt_at"]) >= before + timedelta(seconds=40_000)
        (count,) = ok(await staff.reader.get(f"{CHANGES}/counts", params={"connection": "desk"}))
        assert (count["state"], count["retried"], count["next_attempt_at"]) == ("raised", 1, change["next_attempt_at"])
        desk.outcomes["CHG-1"] = ChangeOutcome("accepted")
        await make_due(solo)
        await poll_due(solo)
        change = await change_of(staff, record)
        assert (change["state"], change["attempts"], change["last_error"]) == ("accepted", 0, None)

    async def test_an_outcome_that_cannot_be_is_shown_and_moves_nothing(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        desk.outcomes["CHG-1"] = ChangeOutcome("implemented", clock.now() + timedelta(days=30))
        for _ in range(2):
            await make_due(solo)
            await poll_due(solo)
        change = await change_of(staff, record)
        assert (change["state"], "lies in the future" in change["last_error"]) == ("raised", True)
        assert [report["effect"] for report in change["reports"]] == ["refused"]

    async def test_the_next_question_waits_for_its_time(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        await raised(solo, staff)
        await make_due(solo)
        assert await poll_due(solo) == 1
        assert await poll_due(solo) == 0
        assert ImprovementSettings().change_poll_seconds >= 1


class TestSuperseded:
    async def test_the_change_of_an_old_plan_is_shown_as_superseded_and_moves_nothing(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        """R35, R119: only the approved plan's own change brings it forward."""
        await connect(solo)
        record, _ = await raised(solo, staff)
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await staff.author.post(f"{path}/revise", json={"reason": "another plan"}))
        await listen(solo)
        old = await change_of(staff, record)
        assert (old["state"], old["next_attempt_at"]) == ("superseded", None)
        assert "revision 2" in old["last_error"]
        told = ok(await staff.manager.post(f"{CHANGES}/{old['id']}/outcome", json={"state": "implemented"}), 409)
        assert told["state"] == "superseded"
        desk.outcomes["CHG-1"] = ChangeOutcome("implemented")
        await make_due(solo)
        assert await poll_due(solo) == 0
        assert (await staff.read(record["id"]))["state"] == "draft"

    async def test_a_plan_revised_while_its_change_was_being_raised(
        self, solo: Solo, staff: People, desk: Desk
    ) -> None:
        await connect(solo)
        desk.waiting["ops"] = asyncio.Event()
        record = await approve(solo, staff)
        running = asyncio.create_task(raise_due(solo))

        async def under_way() -> bool:
            return bool(desk.calls)

        await eventually(under_way)
        ok(await staff.manager.post(f"{IMPROVEMENTS}/{record['id']}/withdraw", json={"reason": "too late"}))
        desk.waiting["ops"].set()
        await running
        change = await change_of(staff, record)
        assert (change["state"], change["external_id"]) == ("superseded", "CHG-1")
        assert (await staff.read(record["id"]))["state"] == "withdrawn"

    async def test_a_withdrawn_improvement_supersedes_its_change(self, solo: Solo, staff: People, desk: Desk) -> None:
        await connect(solo)
        record, _ = await raised(solo, staff)
        ok(await staff.manager.post(f"{IMPROVEMENTS}/{record['id']}/withdraw", json={"reason": "not worth it"}))
        await listen(solo)
        change = await change_of(staff, record)
        assert (change["state"], "withdrawn" in change["last_error"]) == ("superseded", True)

    async def test_an_approval_that_expired_supersedes_its_change(self, solo: Solo, staff: People, desk: Desk) -> None:
        """R35: what was approved too long ago and not begun asks again, as another revision."""
        await connect(solo)
        record, _ = await raised(solo, staff)
        async with solo.transaction() as session:
            improvement = await lock_improvement(session, UUID(record["id"]))
            improvement.revision += 1
            told = {"expired_at": LONG_AGO, "expired_state": "approved", "valid_days": 7}
            await tell(session, improvement, ImprovementApprovalExpired, **told)
        await listen(solo)
        assert (await change_of(staff, record))["state"] == "superseded"


class TestArchive:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE change_requests SET body = '{}'",
            "DELETE FROM change_reports",
            "UPDATE change_reports SET word = 'better'",
            "UPDATE change_attempts SET error = 'nothing'",
            "DELETE FROM change_attempts",
        ],
    )
    async def test_what_was_sent_and_told_cannot_be_rewritten(
        self, solo: Solo, staff: People, desk: Desk, statement: str
    ) -> None:
        """R120: request, attempts and reports stay as they are, for later audit."""
        await connect(solo)
        desk.outcomes["CHG-1"] = ChangeOutcome("accepted")
        await raised(solo, staff)
        await make_due(solo)
        await poll_due(solo)
        with pytest.raises(DBAPIError, match="append-only"):
            async with solo.transaction() as session:
                await session.execute(text(statement))
