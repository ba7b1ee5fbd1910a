"""Group commit: requests that arrive while a transaction runs share the next one."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from shared.problems import Problem

A = TypeVar("A")
B = TypeVar("B")


class Gathering(Generic[A, B]):
    """Takes single items from many callers, and hands them on in batches: the first at once, and while a batch is on
    its way those that come meanwhile wait together for the next. Nobody waits for a batch to fill.

    `take` brings a whole batch to effect, by one commit, and answers in its order; a `Problem` among the answers is
    that caller's alone. When a batch fails as a whole each of its items is taken by itself, so that one bad item harms
    no other.
    """

    def __init__(self, take: Callable[[Sequence[A]], Awaitable[Sequence[B | Problem]]], most: int = 100) -> None:
        self._take = take
        self._most = most
        self._waiting: deque[tuple[A, asyncio.Future[B]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def submit(self, item: A) -> B:
        """The item's own answer, once it is committed. Raises its own problem, or what failed it."""
        answer: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), context=contextvars.Context())
        return await answer

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            try:
                await self._answer(batch)
            except Exception as error:
                if len(batch) == 1:
                    _fail(batch[0][1], error)
                else:
                    await self._take_each(batch)

    async def _take_each(self, batch: Sequence[tuple[A, asyncio.Future[B]]]) -> None:
        for pair in batch:
            try:
                await self._answer([pair])
            except Exception as error:  # the caller's to see
                _fail(pair[1], error)

    async def _answer(self, batch: Sequence[tuple[A, asyncio.Future[B]]]) -> None:
        taken = await self._take([item for item, _ in batch])
        for (_, answer), result in zip(batch, taken, strict=True):
            if isinstance(result, Problem):
                _fail(answer, result)
            elif not answer.done():
                answer.set_result(result)


def _fail(answer: "asyncio.Future[B]", error: Exception) -> None:
    """A caller that has gone is told nothing."""
    if not answer.done():
        answer.set_exception(error)
