from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
import pytest

from shared.bus.local import LocalBus
from shared.bus.port import Outgoing
from tests.improvement.builders import People
from tests.support.fleet import Fleet
from tests.support.kept import Keep


class RememberingBus(LocalBus):
    """Keeps every event that went over it."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[dict[str, Any]] = []

    async def publish(self, events: Sequence[Outgoing]) -> None:
        await super().publish(events)
        self.published += [orjson.loads(event.body) for event in events]


@pytest.fixture
def retry_seconds() -> str:
    """The schedule of attempts to raise a change; a test that needs another overrides this."""
    return "[0.01, 0.01]"


@pytest.fixture
async def alone(kept: Keep, monkeypatch: pytest.MonkeyPatch, retry_seconds: str) -> AsyncIterator[Fleet]:
    """The improvement service by itself: what metrics would tell, the test tells."""
    monkeypatch.setenv("RATCHET_IMPROVEMENT_CHANGE_RETRY_SECONDS", retry_seconds)
    monkeypatch.setenv("RATCHET_IMPROVEMENT_CHANGE_POLL_SECONDS", "0.05")
    async with (await kept("improvement")).started(RememberingBus()) as fleet:
        yield fleet


@pytest.fixture
async def people(alone: Fleet) -> AsyncIterator[People]:
    made = People(alone)
    yield made
    await made.close()
