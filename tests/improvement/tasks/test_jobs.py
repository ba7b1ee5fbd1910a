from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.improvement.tasks import service
from services.improvement.tasks.jobs import tell_overdue
from shared import clock
from shared.http import acting
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop
from tests.support.solo import Solo


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, loop: Loop) -> list[datetime]:
    """What the service's clock shows: the last of these. The clients are made before."""
    shown = [datetime(2026, 3, 2, 10, tzinfo=UTC)]
    monkeypatch.setattr(clock, "now", lambda: shown[-1])
    return shown


async def implementing(loop: Loop, **fields: Any) -> dict[str, Any]:
    record = await loop.monitoring(**fields)
    await loop.change("UPDATE improvements SET state = 'implementing' WHERE id = :id", id=record["id"])
    return record


async def tell(solo: Solo) -> int:
    async with acting("service:improvement"):
        return await tell_overdue(solo.database)


async def tell_at_most(solo: Solo, most: int) -> int:
    async with acting("service:improvement"), solo.database.transaction() as session:
        return await service.tell_overdue(session, clock.now(), most)


class TestTellOverdue:
    """R20: overdue alarms; each due date is told once."""

    async def test_when_its_day_is_over(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        task = {"title": "hire", "phase": "pilot", "owner": "li", "due": "2026-03-20"}
        record = await implementing(loop, tasks=[task, {"title": "train"}])
        time.append(datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC))
        assert await tell(solo) == 0
        time.append(datetime(2026, 3, 21, tzinfo=UTC))
        assert await tell(solo) == 1
        assert await tell(solo) == 0
        (told,) = await solo.events("task.overdue")
        assert (told.subject, told.correlation_id) == (record["id"], record["correlation_id"])
        assert {name: told.data[name] for name in ("task_number", "task_title", "phase", "task_owner", "due")} == {
            "task_number": 1,
            "task_title": "hire",
            "phase": "pilot",
            "task_owner": "li",
            "due": "2026-03-20",
        }
        assert told.data["overdue_since"] == "2026-03-21T00:00:00Z"
        assert (await loop.history(record["id"]))[-1] == "task_overdue"
        shown = await loop.read(record["id"])
        assert [task["is_overdue"] for task in shown["tasks"]] == [True, False]

    async def test_another_date_is_told_again(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await implementing(loop, tasks=[{"title": "hire", "due": "2026-03-20"}])
        path = f"{IMPROVEMENTS}/{record['id']}/tasks/{record['tasks'][0]['id']}"
        time.append(datetime(2026, 3, 21, tzinfo=UTC))
        await tell(solo)
        ok(await loop.author.patch(path, json={"owner": "xu"}, headers={"If-Match": "*"}))
        assert await tell(solo) == 0
        ok(await loop.author.patch(path, json={"due": "2026-03-25"}, headers={"If-Match": "*"}))
        assert await tell(solo) == 0
        time.append(datetime(2026, 3, 26, tzinfo=UTC))
        assert await tell(solo) == 1
        assert [told.data["due"] for told in await solo.events("task.overdue")] == ["2026-03-20", "2026-03-25"]

    async def test_never_what_is_done_dropped_or_awaits_approval(
        self, loop: Loop, solo: Solo, time: list[datetime]
    ) -> None:
        due = {"due": "2026-03-05"}
        record = await implementing(loop, tasks=[{"title": "hire", **due}, {"title": "train", **due}])
        tasks = f"{IMPROVEMENTS}/{record['id']}/tasks"
        done, dropped = (task["id"] for task in record["tasks"])
        ok(await loop.author.post(f"{tasks}/{done}/complete"))
        ok(await loop.author.post(f"{tasks}/{dropped}/drop", json={"reason": "not needed"}))
        ok(await loop.author.post(tasks, json={"title": "more", **due}), 201)
        time.append(datetime(2026, 4, 1, tzinfo=UTC))
        assert await tell(solo) == 0

    async def test_never_of_a_plan_that_nobody_has_approved(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        await loop.draft("group=1", tasks=[{"title": "hire", "due": "2026-03-01"}])
        await loop.submitted("group=2", tasks=[{"title": "hire", "due": "2026-03-01"}])
        assert await tell(solo) == 0

    async def test_the_time_on_hold_is_given_back(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        record = await implementing(loop, tasks=[{"title": "hire", "due": "2026-03-20"}])
        path = f"{IMPROVEMENTS}/{record['id']}"
        time.append(datetime(2026, 3, 15, tzinfo=UTC))
        ok(await loop.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        time.append(datetime(2026, 3, 25, tzinfo=UTC))
        assert await tell(solo) == 0
        resumed = ok(await loop.manager.post(f"{path}/resume"))
        assert resumed["tasks"][0]["deadline"] == resumed["next_due_at"] == "2026-03-31T00:00:00Z"
        time.append(datetime(2026, 3, 30, 23, 59, tzinfo=UTC))
        assert await tell(solo) == 0
        time.append(datetime(2026, 3, 31, tzinfo=UTC))
        assert await tell(solo) == 1

    async def test_a_hold_before_the_date_was_set_moves_nothing(
        self, loop: Loop, solo: Solo, time: list[datetime]
    ) -> None:
        record = await implementing(loop, tasks=[{"title": "hire", "due": "2026-03-20"}])
        path = f"{IMPROVEMENTS}/{record['id']}"
        ok(await loop.manager.post(f"{path}/hold", json={"reason": "freeze"}))
        time.append(datetime(2026, 6, 1, tzinfo=UTC))
        ok(await loop.manager.post(f"{path}/resume"))
        task = f"{path}/tasks/{record['tasks'][0]['id']}"
        moved = ok(await loop.author.patch(task, json={"due": "2026-06-05"}, headers={"If-Match": "*"}))
        assert moved["deadline"] == "2026-06-06T00:00:00Z"

    async def test_the_day_ends_where_people_are(
        self,
        loop: Loop,
        solo: Solo,
        time: list[datetime],
        configure: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("RATCHET_IMPROVEMENT_TIME_ZONE", "Asia/Shanghai")
        configure()
        await implementing(loop, tasks=[{"title": "hire", "due": "2026-03-20"}])
        time.append(datetime(2026, 3, 20, 15, 59, tzinfo=UTC))
        assert await tell(solo) == 0
        time.append(datetime(2026, 3, 20, 16, tzinfo=UTC))
        assert await tell(solo) == 1

    async def test_a_portion_is_bounded(self, loop: Loop, solo: Solo, time: list[datetime]) -> None:
        await implementing(loop, tasks=[{"title": f"step {n}", "due": "2026-03-01"} for n in range(3)])
        assert [await tell_at_most(solo, 2) for _ in range(3)] == [2, 1, 0]
        sequences = [told.sequence for told in await solo.events("task.overdue")]
        assert sequences == sorted(set(sequences))
