import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from shared.lanes import run_in_lanes
from shared.signals import Signals
from tests.support.waiting import eventually

PER_LANE = 2


class Work:
    """Items by lane; what is in `slow` waits for its event."""

    def __init__(self, due: list[tuple[str, str]]) -> None:
        self.due = due
        self.begun: list[str] = []
        self.slow: dict[str, asyncio.Event] = {}
        self.broken: set[str] = set()
        self.most: Counter[str] = Counter()
        self.database: Any = SimpleNamespace(signals=Signals())

    async def claim(self, busy: Counter[str]) -> list[tuple[str, str]]:
        claimed: list[tuple[str, str]] = []
        taken = Counter(busy)
        for lane, item in list(self.due):
            if taken[lane] < PER_LANE:
                taken[lane] += 1
                self.most[lane] = max(self.most[lane], taken[lane])
                self.due.remove((lane, item))
                claimed.append((lane, item))
        return claimed

    async def do(self, item: str) -> None:
        self.begun.append(item)
        if item in self.slow:
            await self.slow[item].wait()
        if item in self.broken:
            raise RuntimeError(item)

    async def run(self) -> int:
        return await run_in_lanes(self.database, "work", 60.0, self.claim, self.do)


class TestRunInLanes:
    async def test_does_what_is_due_and_ends(self) -> None:
        work = Work([("a", f"a{number}") for number in range(5)] + [("b", "b0")])
        assert await work.run() == 6
        assert sorted(work.begun) == ["a0", "a1", "a2", "a3", "a4", "b0"]
        assert work.most == {"a": PER_LANE, "b": 1}

    async def test_a_slow_lane_delays_no_other(self) -> None:
        work = Work([("slow", "s0"), ("slow", "s1"), ("slow", "s2")])
        work.slow = {name: asyncio.Event() for name in ("s0", "s1")}
        running = asyncio.create_task(work.run())

        async def under_way() -> bool:
            return len(work.begun) == PER_LANE

        await eventually(under_way)
        work.due += [("quick", "q0"), ("quick", "q1"), ("quick", "q2")]
        work.database.signals.wake("work")

        async def quick_is_done() -> bool:
            return {"q0", "q1", "q2"} <= set(work.begun)

        await eventually(quick_is_done)
        assert "s2" not in work.begun
        for event in work.slow.values():
            event.set()
        assert await running == 6

    async def test_what_fails_frees_its_lane(self) -> None:
        work = Work([("a", f"a{number}") for number in range(4)])
        work.broken = {"a0", "a1"}
        assert await work.run() == 4
        assert work.begun == ["a0", "a1", "a2", "a3"]

    async def test_cancelled_it_cancels_what_is_under_way(self) -> None:
        work = Work([("a", "a0")])
        work.slow = {"a0": asyncio.Event()}
        running = asyncio.create_task(work.run())

        async def under_way() -> bool:
            return bool(work.begun)

        await eventually(under_way)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and "do" in repr(task)]

    async def test_a_claim_that_fails_is_told(self) -> None:
        work = Work([])

        async def fail(_busy: Counter[str]) -> list[tuple[str, str]]:
            raise ConnectionError("the database is away")

        with pytest.raises(ExceptionGroup):
            await run_in_lanes(work.database, "work", 60.0, fail, work.do)
