import pytest

from tests.metrics.clauses.world import World
from tests.support.solo import Solo


@pytest.fixture
def world(solo: Solo, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(solo, monkeypatch)
