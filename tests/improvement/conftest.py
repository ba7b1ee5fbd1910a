from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import orjson
import pytest

from services.improvement.settings import settings as own_settings
from shared.bus.local import LocalBus
from shared.bus.port import Outgoing
from tests.improvement.builders import People
from tests.improvement.loop import Loop
from tests.support.fleet import Fleet
from tests.support.kept import Keep
from tests.support.solo import Solo


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


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Have the service use these settings: `configure(dissatisfaction_count=2)`."""

    def use(**values: Any) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"RATCHET_IMPROVEMENT_{name.upper()}", orjson.dumps(value).decode())
        own_settings.cache_clear()

    yield use
    monkeypatch.undo()
    own_settings.cache_clear()


@pytest.fixture
def loop(solo: Solo) -> Loop:
    return Loop(solo)
