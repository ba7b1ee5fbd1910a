from collections.abc import AsyncIterator

import httpx
import pytest

from shared.auth import Role
from tests.support.fleet import Fleet


@pytest.fixture
async def client(desk: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    """The service desk: Wang Fang, who resolves nothing herself."""
    async with desk.client(Role.SERVICE_DESK, subject="wang.fang", name="Wang Fang") as opened:
        yield opened
