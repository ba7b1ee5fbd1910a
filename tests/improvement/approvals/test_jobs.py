from datetime import UTC, datetime

import pytest

from services.improvement.approvals import service
from services.improvement.approvals.jobs import expire_approvals
from shared import clock
from shared.auth import Role
from shared.events.improvement import ChangeRaised
from shared.http import acting
from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo

MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
JUST_BEFORE = datetime(2026, 3, 11, 9, 59, 59, tzinfo=UTC)
AFTER = datetime(2026, 3, 11, 10, tzinfo=UTC)
"""Seven working days behind MONDAY."""


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, loop: Loop) -> list[datetime]:
    """What the service's clock shows: the last of these. The clients are made before."""
    shown = [MONDAY]
    monkeypatch.setattr(clock, "now", lambda: shown[-1])
    return shown


async def run(solo: Solo) -> int:
    async with acting("service:improvement"):
        return await expire_approvals(solo.database)


class TestExpireApprovals:
    """An approval that nobody used in seven working days is asked for again."""

    async def test_what_is_not_begun_asks_again(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await loop.submitted()
        approved = ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        assert approved["approval_expires_at"] == "2026-03-11T10:00:00Z"
        time.append(JUST_BEFORE)
        assert await run(solo) == 0
        time.append(AFTER)
        assert await run(solo) == 1
        assert await run(solo) == 0
        again = await loop.read(record["id"])
        assert (again["state"], again["revision"], again["plan_hash"], again["approval_expires_at"]) == (
            "submitted",
            2,
            None,
            None,
        )
        assert [(step["revision"], step["state"]) for step in again["approval_steps"]] == [(1, "expired"), (2, "open")]
        (told,) = await solo.events("improvement.approval_expired")
        assert (told.data["expired_state"], told.data["valid_days"], told.data["revision"]) == ("approved", 7, 2)
        assert told.data["expired_at"] == "2026-03-11T10:00:00Z"
        assert (await loop.history(record["id"]))[-1] == "approval_expired"
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))

    async def test_who_submitted_still_does_not_approve(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await loop.submitted()
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        both = solo.client(Role.TOP_MANAGEMENT, subject="petra")
        time.append(AFTER)
        await run(solo)
        time.append(clock.now())
        assert (await both.post(f"{IMPROVEMENTS}/{record['id']}/approve")).status_code == 409

    async def test_steps_of_an_unfinished_chain_run_out_too(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await loop.submitted(budget="60000")
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        time.append(AFTER)
        assert await run(solo) == 1
        again = await loop.read(record["id"])
        assert [(step["revision"], step["state"]) for step in again["approval_steps"]] == [
            (1, "expired"),
            (1, "superseded"),
            (2, "open"),
            (2, "waiting"),
        ]
        (told,) = await solo.events("improvement.approval_expired")
        assert told.data["expired_state"] == "submitted"

    async def test_what_nobody_approved_waits_as_long_as_it_takes(
        self, loop: Loop, solo: Solo, time: list[datetime]
    ) -> None:
        record = await loop.submitted()
        time.append(datetime(2027, 3, 2, tzinfo=UTC))
        assert await run(solo) == 0
        assert (await loop.read(record["id"]))["revision"] == 1

    async def test_time_on_hold_does_not_count(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await loop.submitted()
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        time.append(datetime(2026, 3, 3, 10, tzinfo=UTC))
        ok(await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/hold", json={"reason": "freeze"}))
        time.append(datetime(2026, 6, 1, 10, tzinfo=UTC))
        assert await run(solo) == 0
        resumed = ok(await loop.manager.post(f"{IMPROVEMENTS}/{record['id']}/resume"))
        # a Monday again, and six working days are left: 1-5 June, and the 8th until ten on the 9th
        assert resumed["approval_expires_at"] == "2026-06-09T10:00:00Z"
        assert resumed["held_seconds"] == 90 * 86_400
        time.append(datetime(2026, 6, 9, 10, tzinfo=UTC))
        assert await run(solo) == 1

    async def test_what_is_begun_stays_approved(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await loop.submitted()
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        raised = ChangeRaised(
            change_id=new_id(),
            improvement_id=record["id"],
            revision=1,
            connection="memory",
            system="memory",
            external_id="CHG1",
        )
        await loop.hear(raised, source="improvement")
        time.append(datetime(2027, 3, 2, tzinfo=UTC))
        assert await run(solo) == 0
        assert (await loop.read(record["id"]))["state"] == "implementing"

    async def test_what_change_management_has_is_begun(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        """Its event may still be on the way."""
        record = await loop.submitted()
        ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        await loop.relay("improvement.approved")
        await loop.change("UPDATE change_requests SET external_id = 'CHG1', state = 'raised'")
        time.append(AFTER)
        assert await run(solo) == 0

    async def test_a_portion_is_bounded(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        for number in range(3):
            record = await loop.submitted(f"group={number}")
            ok(await loop.supervisor.post(f"{IMPROVEMENTS}/{record['id']}/approve"))
        async with solo.transaction() as session:
            assert await service.expire_approvals(session, AFTER, 2) == 2
        async with solo.transaction() as session:
            assert await service.expire_approvals(session, AFTER, 2) == 1
