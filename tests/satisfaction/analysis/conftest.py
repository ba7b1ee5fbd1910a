"""One warm child for all tests of the analysis."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.satisfaction.analysis.jobs import analyse_next
from services.satisfaction.analysis.worker import make_worker
from services.satisfaction.settings import SatisfactionSettings
from shared.http import acting
from shared.workers import Worker
from tests.support.solo import Solo

Analyse = Callable[[Solo], Awaitable[int]]


@pytest.fixture(scope="session")
async def worker() -> AsyncIterator[Worker]:
    shared = make_worker()
    yield shared
    await shared.close()


@pytest.fixture
def analyse(worker: Worker) -> Analyse:
    """The job, one portion."""

    async def run(solo: Solo) -> int:
        async with acting("service:satisfaction"):
            return await analyse_next(worker, SatisfactionSettings(), solo.database)

    return run
