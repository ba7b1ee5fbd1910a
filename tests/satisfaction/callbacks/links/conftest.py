from collections.abc import AsyncIterator

import httpx
import pytest

from services.satisfaction.tokens import Misses
from shared.app import Service
from tests.support.fleet import Fleet


@pytest.fixture
def misses(service: Service, monkeypatch: pytest.MonkeyPatch) -> Misses:
    """Nobody has tried a link yet, and three misses a minute are allowed."""
    fresh = Misses(3)
    monkeypatch.setitem(service.app.state._state, "link_misses", fresh)
    return fresh


@pytest.fixture
async def customer(desk: Fleet, misses: Misses) -> AsyncIterator[httpx.AsyncClient]:
    """A customer's browser: nobody who is signed in."""
    async with desk.client() as opened:
        opened.headers["accept"] = "text/html"
        yield opened
