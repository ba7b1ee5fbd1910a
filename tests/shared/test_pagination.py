from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pagination import decode_cursor, encode_cursor, page
from shared.problems import Malformed

sort_values = {
    int: st.integers(-(2**63), 2**63 - 1),
    str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
}
one_value = st.sampled_from(list(sort_values)).flatmap(lambda kind: st.tuples(st.just(kind), sort_values[kind]))


class TestCursor:
    @given(st.lists(one_value, min_size=1, max_size=4))
    def test_gives_back_what_was_put_in(self, values: list[tuple[type, Any]]) -> None:
        cursor = encode_cursor(*(value for _, value in values))
        assert decode_cursor(cursor, *(kind for kind, _ in values)) == tuple(value for _, value in values)

    @given(st.text(max_size=100), st.lists(st.sampled_from(list(sort_values)), min_size=1, max_size=3))
    def test_garbage_is_malformed_and_nothing_worse(self, cursor: str, kinds: list[type]) -> None:
        with pytest.raises(Malformed):
            decode_cursor(cursor, *kinds)

    @given(
        st.lists(
            st.none() | st.booleans() | st.integers(-(2**70), 2**64 - 1) | st.floats() | st.text() | st.just([]),
            max_size=3,
        ),
        st.lists(st.sampled_from(list(sort_values)), min_size=1, max_size=3),
    )
    def test_forged_ones_are_malformed_or_hold_what_was_asked_for(self, values: list[Any], kinds: list[type]) -> None:
        """A cursor is signed by nobody: whatever it holds must be something that Postgres can compare."""
        try:
            forged = encode_cursor(*values)
        except (TypeError, ValueError):
            return
        try:
            decoded = decode_cursor(forged, *kinds)
        except Malformed:
            return
        for value, kind in zip(decoded, kinds, strict=True):
            assert type(value) is kind
            assert not (isinstance(value, int) and abs(value) > 2**63)
            assert not (isinstance(value, str) and "\x00" in value)
            assert not (isinstance(value, datetime) and value.tzinfo is None)

    @pytest.mark.parametrize(
        ("values", "kinds"), [(["a\x00b"], [str]), ([True], [int]), ([7], [str]), ([1], [int, int])]
    )
    def test_of_the_wrong_kind_is_malformed(self, values: list[Any], kinds: list[type]) -> None:
        with pytest.raises(Malformed):
            decode_cursor(encode_cursor(*values), *kinds)

    @pytest.mark.parametrize("moment", ["2026-01-01", "2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59"])
    def test_a_time_without_zone_or_before_time_is_malformed(self, moment: str) -> None:
        with pytest.raises(Malformed):
            decode_cursor(encode_cursor(moment), datetime)

    def test_is_safe_in_an_address(self) -> None:
        assert encode_cursor("?&=/+ ä", 7).isascii()
        assert not set("?&=/+ ") & set(encode_cursor("?&=/+ ä", 7))

    def test_holds_json(self) -> None:
        with pytest.raises(Malformed):
            decode_cursor(orjson.dumps([1]).decode(), int)


class TestPage:
    @given(st.integers(0, 60), st.integers(1, 20))
    def test_walks_over_every_row_once(self, count: int, limit: int) -> None:
        rows = list(range(count))
        seen: list[int] = []
        after = -1
        for _ in range(count + 1):
            found = page([row for row in rows if row > after][: limit + 1], limit, encode_cursor)
            assert len(found.items) <= limit
            seen += found.items
            if found.next_cursor is None:
                break
            (after,) = decode_cursor(found.next_cursor, int)
        assert seen == rows
