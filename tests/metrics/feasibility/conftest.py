import pytest

from tests.metrics.agreements.builders import Parties
from tests.support.solo import Solo


@pytest.fixture
def parties(solo: Solo, monkeypatch: pytest.MonkeyPatch) -> Parties:
    return Parties(solo, monkeypatch)
