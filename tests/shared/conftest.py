from collections.abc import AsyncIterator

import pytest

from shared.database import Database
from tests.support.spine import make_room, open_database


@pytest.fixture
async def database(module_database_url: str) -> AsyncIterator[Database]:
    """A service's schema with a table of notes."""
    opened = open_database(module_database_url, "metrics")
    await make_room(opened)
    yield opened
    await opened.close()
