"""Await a condition instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(ask: Callable[[], Awaitable[T]], timeout_seconds: float = 20.0) -> T:
    """The first truthy answer.

    An `AssertionError` counts as "not yet"; after the timeout it is raised, or `TimeoutError` with the last answer.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = 0.02
    while True:
        last: object
        try:
            answer = await ask()
            if answer:
                return answer
            last = answer
            failure: Exception = TimeoutError(f"still {last!r} after {timeout_seconds} s")
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
