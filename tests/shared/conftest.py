from collections.abc import AsyncIterator

import pytest

from shared.database import Database
from tests.support.spine import CREATE_NOTES, open_database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A service's schema with a table of notes."""
    opened = open_database(database_url, "metrics")
    async with opened.engine.begin() as connection:
        await connection.exec_driver_sql(CREATE_NOTES)
    yield opened
    await opened.close()
