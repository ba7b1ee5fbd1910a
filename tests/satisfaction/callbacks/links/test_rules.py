import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import pytest

from services.satisfaction.callbacks.links import rules
from services.satisfaction.callbacks.links.rules import Misses

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class TestHashToken:
    def test_is_its_digest(self) -> None:
        token = secrets.token_urlsafe(32)
        assert rules.hash_token(token) == hashlib.sha256(token.encode()).digest()

    @pytest.mark.parametrize("token", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "é" * 43, "a" * 42 + "\n"])
    def test_what_cannot_be_one_has_none(self, token: str) -> None:
        assert rules.hash_token(token) is None


class TestIsUsable:
    def test_once_and_until_it_expires(self) -> None:
        assert rules.is_usable(LATER, None, None, NOW)
        assert not rules.is_usable(LATER, None, None, LATER)
        assert not rules.is_usable(LATER, NOW, None, NOW)
        assert not rules.is_usable(LATER, None, NOW, NOW)


class TestMisses:
    def test_so_many_a_minute_then_wait_until_the_first_is_a_minute_old(self) -> None:
        misses = Misses(2)
        misses.note("a", NOW)
        assert misses.find_wait("a", NOW) is None
        misses.note("a", NOW + timedelta(seconds=20))
        assert misses.find_wait("a", NOW + timedelta(seconds=20)) == timedelta(seconds=40)
        assert misses.find_wait("b", NOW + timedelta(seconds=20)) is None
        assert misses.find_wait("a", NOW + timedelta(seconds=60)) is None

    def test_keeps_only_those_who_were_seen_last(self) -> None:
        misses = Misses(1)
        for number in range(10_001):
            misses.note(str(number), NOW)
        assert misses.find_wait("0", NOW) is None
        assert misses.find_wait("1", NOW) is not None
