"""Staff with their browsers."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.auth import Role
from tests.improvement.browsing import browser
from tests.support.fleet import Fleet


@pytest.fixture
async def author(alone: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(alone, Role.PROCESS_OWNER, subject="petra") as client:
        yield client


@pytest.fixture
async def supervisor(alone: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(alone, Role.IMPROVEMENT_SUPERVISOR, subject="sven") as client:
        yield client


@pytest.fixture
async def manager(alone: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(alone, Role.OPERATIONS_MANAGER, subject="mona") as client:
        yield client
