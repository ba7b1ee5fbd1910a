"""Work that waits for the answers of others, so much at once in each lane: a slow one delays no other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from shared.database import Database

_log = structlog.get_logger(__name__)

T = TypeVar("T")


async def run_in_lanes(
    database: Database,
    signal: str,
    every_seconds: float,
    claim: Callable[[Counter[str]], Awaitable[Sequence[tuple[str, T]]]],
    work: Callable[[T], Awaitable[None]],
) -> int:
    """Claim and work until nothing is due and nothing under way; returns how much was claimed.

    `claim` is told how much is under way in each lane, and answers `(lane, item)`: it is asked again when an item is
    done, when `signal` is given, and every `every_seconds`. What `work` raises is logged; its item's lease then runs
    out. Cancelled, it cancels what is under way.
    """
    busy: Counter[str] = Counter()
    claimed = 0

    async def do(lane: str, item: T) -> None:
        try:
            await work(item)
        except Exception:  # the lane goes on
            _log.exception("work_failed", signal=signal, lane=lane)
        finally:
            busy[lane] -= 1
            if not busy[lane]:
                del busy[lane]
            database.signals.wake(signal)

    async with asyncio.TaskGroup() as group:
        while True:
            items = await claim(busy)
            claimed += len(items)
            for lane, item in items:
                busy[lane] += 1
                group.create_task(do(lane, item))
            if not busy:
                return claimed
            await database.signals.wait(signal, every_seconds)
