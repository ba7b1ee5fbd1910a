import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from shared.database import Database, wake_after_commit
from shared.events.envelope import current_origin
from shared.jobs import Job, run_forever
from shared.signals import Signals
from tests.support.waiting import eventually


@asynccontextmanager
async def running(
    run: Callable[[Database], Awaitable[int]], database: Database, every: float = 600
) -> AsyncIterator[None]:
    task = asyncio.create_task(run_forever(Job("job", every, run), database))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Portions:
    """Returns what it is told to, and counts how often it was called."""

    def __init__(self, *results: int | Exception) -> None:
        self.results = list(results)
        self.calls = 0

    async def __call__(self, _database: Database) -> int:
        self.calls += 1
        result = self.results.pop(0) if self.results else 0
        if isinstance(result, Exception):
            raise result
        return result

    async def called(self, times: int) -> None:
        async def often() -> bool:
            return self.calls >= times

        await eventually(often, 10)
        assert self.calls == times


class TestRunForever:
    async def test_goes_on_until_nothing_is_left(self, database: Database) -> None:
        portions = Portions(5, 5, 1)
        async with running(portions, database):
            await portions.called(4)

    async def test_tries_a_failing_portion_again(self, database: Database) -> None:
        portions = Portions(ValueError("not now"), 1)
        async with running(portions, database):
            await portions.called(3)

    async def test_wakes_at_once_after_a_commit(self, database: Database) -> None:
        portions = Portions()
        async with running(portions, database):
            await portions.called(1)
            async with database.transaction() as session:
                wake_after_commit(session, "job")
                assert portions.calls == 1
            await portions.called(2)

    async def test_sleeps_on_after_a_rollback(self, database: Database) -> None:
        portions = Portions()

        async def fail() -> None:
            async with database.transaction() as session:
                wake_after_commit(session, "job")
                raise ZeroDivisionError

        async with running(portions, database):
            await portions.called(1)
            with pytest.raises(ZeroDivisionError):
                await fail()
            await asyncio.sleep(0.05)
            assert portions.calls == 1

    async def test_comes_back_by_itself(self, database: Database) -> None:
        portions = Portions()
        async with running(portions, database, every=0.01):

            async def often() -> bool:
                return portions.calls >= 3

            await eventually(often)

    async def test_acts_as_its_service(self, database: Database) -> None:
        actors = []

        async def run(_database: Database) -> int:
            actors.append(current_origin.get().actor)
            return 0

        async with running(run, database):

            async def acted() -> bool:
                return bool(actors)

            await eventually(acted)
        assert actors == ["service:metrics"]


class TestSignals:
    async def test_a_wake_up_before_the_wait_is_not_lost(self) -> None:
        signals = Signals()
        signals.wake("one")
        await asyncio.wait_for(signals.wait("one", 600), 1)

    async def test_wakes_only_who_is_named(self) -> None:
        signals = Signals()
        signals.wake("two")
        started = asyncio.get_running_loop().time()
        await signals.wait("one", 0.05)
        assert asyncio.get_running_loop().time() - started >= 0.04

    async def test_a_wait_uses_the_wake_up_up(self) -> None:
        signals = Signals()
        signals.wake("one")
        await signals.wait("one", 600)
        started = asyncio.get_running_loop().time()
        await signals.wait("one", 0.05)
        assert asyncio.get_running_loop().time() - started >= 0.04
