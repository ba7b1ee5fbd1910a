from collections.abc import AsyncIterator

import pytest

from tests.improvement.builders import People
from tests.improvement.changes.builders import Desk
from tests.support.solo import Solo


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The system behind `redmine`."""
    made = Desk()
    made.serve(monkeypatch)
    return made


@pytest.fixture
async def staff(solo: Solo) -> AsyncIterator[People]:
    """The people at a service whose relay and jobs do not run."""
    made = People(solo)
    yield made
    await made.close()
