"""The journey on the real log in one process, on the local bus; `test_processes.py` walks it over five."""

import pytest

from services.fleet import DEFINE
from shared.bus.local import LocalBus
from shared.settings import Settings
from tests.journeys.loop import Loop
from tests.journeys.real_log import import_over_rest, needs_real_data, walk_the_real_log
from tests.support.fleet import running


@pytest.mark.slow
@pytest.mark.timeout(400)
@needs_real_data
class TestRealLog:
    async def test_march_to_may(self, settings: Settings, database_url: str) -> None:
        async with running(list(DEFINE), settings, database_url, LocalBus()) as fleet:
            loop = Loop(fleet.client)
            try:
                await walk_the_real_log(loop, lambda: import_over_rest(loop))
            finally:
                await loop.close()
