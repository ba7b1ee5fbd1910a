"""Work that nobody waits for: deadlines, retries, assessments. Every job claims its rows with SKIP LOCKED, so any
number of replicas may run it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from shared.database import Database
from shared.http import acting

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` does one bounded portion and returns how much it did: it is called again at once until that is 0, then
    every `every_seconds` or when `wake_after_commit(session, name)` wakes it."""

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[int]]


async def run_forever(job: Job, database: Database) -> None:
    """Until cancelled; a failing portion is logged and tried again later."""
    delay = 0.5
    service = database.spine.service
    while True:
        try:
            async with acting(f"service:{service}"):
                done = await job.run(database)
            delay = 0.5
        except Exception:  # a job outlives its failures
            _log.exception("job_failed", service=service, job=job.name, retry_seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 30.0)
            continue
        if done == 0:
            await database.signals.wait(job.name, job.every_seconds)
