import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from services.satisfaction.tokens import Misses, find_address, hash_token

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class TestHashToken:
    def test_is_its_digest(self) -> None:
        token = secrets.token_urlsafe(32)
        assert hash_token(token) == hashlib.sha256(token.encode()).digest()

    @pytest.mark.parametrize("token", ["", "a" * 42, "é" * 43, "\udcff", "a\n"])
    def test_what_cannot_be_one_has_one_too(self, token: str) -> None:
        """Looking it up takes as long."""
        assert len(hash_token(token)) == 32


class TestFindAddress:
    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("testclient", "testclient"),
        ],
    )
    def test_is_who_is_connected(self, host: str, address: str) -> None:
        headers = [(b"x-forwarded-for", b"198.51.100.1")]
        assert find_address(Request({"type": "http", "client": (host, 50_000), "headers": headers})) == address

    def test_nobody_may_be_connected(self) -> None:
        assert find_address(Request({"type": "http", "client": None, "headers": []})) == ""


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
