from datetime import UTC, datetime, timedelta

from services.satisfaction.callbacks.links import rules

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class TestIsUsable:
    def test_once_and_until_it_expires(self) -> None:
        assert rules.is_usable(LATER, None, None, NOW)
        assert not rules.is_usable(LATER, None, None, LATER)
        assert not rules.is_usable(LATER, NOW, None, NOW)
        assert not rules.is_usable(LATER, None, NOW, NOW)
