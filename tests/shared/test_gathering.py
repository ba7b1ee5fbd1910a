import asyncio
from collections.abc import Sequence

import pytest

from shared.gathering import Gathering
from shared.problems import NotFound, Problem


class Stage:
    """Takes numbers and doubles them; `gate` holds a batch back."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, items: Sequence[int]) -> list[int | Problem]:
        self.batches.append(list(items))
        self.began.set()
        await self.gate.wait()
        if 13 in items:
            raise RuntimeError("thirteen")
        return [NotFound("seven") if item == 7 else item * 2 for item in items]


async def all_of(gathering: Gathering[int, int], items: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*(gathering.submit(item) for item in items), return_exceptions=True)


class TestGathering:
    async def test_one_alone_waits_for_nobody(self) -> None:
        stage = Stage()
        assert await Gathering(stage.take).submit(1) == 2
        assert stage.batches == [[1]]

    async def test_those_that_come_meanwhile_share_the_next(self) -> None:
        stage = Stage()
        stage.gate.clear()
        gathering = Gathering(stage.take, most=3)
        first = asyncio.create_task(gathering.submit(1))
        await stage.began.wait()
        rest = asyncio.create_task(all_of(gathering, [2, 3, 4, 5]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        stage.gate.set()
        assert [await first, *await rest] == [2, 4, 6, 8, 10]
        assert stage.batches == [[1], [2, 3, 4], [5]]

    async def test_a_problem_is_its_callers_alone(self) -> None:
        answers = await all_of(Gathering(Stage().take), [6, 7, 8])
        assert (answers[0], answers[2]) == (12, 16)
        assert isinstance(answers[1], NotFound)

    async def test_one_that_fails_the_batch_harms_no_other(self) -> None:
        stage = Stage()
        answers = await all_of(Gathering(stage.take), [12, 13, 14])
        assert (answers[0], answers[2]) == (24, 28)
        assert isinstance(answers[1], RuntimeError)
        assert stage.batches == [[12, 13, 14], [12], [13], [14]]

    async def test_it_goes_on_after_a_failure(self) -> None:
        gathering = Gathering(Stage().take)
        with pytest.raises(RuntimeError):
            await gathering.submit(13)
        assert await gathering.submit(1) == 2

    async def test_a_caller_that_has_gone_harms_no_other(self) -> None:
        stage = Stage()
        stage.gate.clear()
        gathering = Gathering(stage.take)
        gone = asyncio.create_task(gathering.submit(1))
        await stage.began.wait()
        stays = asyncio.create_task(gathering.submit(2))
        await asyncio.sleep(0)
        gone.cancel()
        stage.gate.set()
        assert await stays == 4
