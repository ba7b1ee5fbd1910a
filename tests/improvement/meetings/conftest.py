from collections.abc import AsyncIterator

import pytest

from tests.improvement.meetings.desk import Desk
from tests.support.solo import Solo


@pytest.fixture
async def desk(solo: Solo) -> AsyncIterator[Desk]:
    made = Desk(solo)
    yield made
    await made.client.aclose()
