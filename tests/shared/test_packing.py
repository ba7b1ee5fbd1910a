import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.packing import BATCH, SINGLE, pack, unpack
from shared.bus.port import Outgoing

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(st.text(), json_values, max_size=5).map(orjson.dumps)
outgoing = st.builds(Outgoing, st.sampled_from(["a.v1", "b.v1", "c.v1"]), documents)


class TestPack:
    @given(st.lists(outgoing, max_size=40), st.integers(1, 10), st.integers(1, 500))
    def test_keeps_every_byte_and_the_order_within_a_type(
        self, events: list[Outgoing], most_events: int, most_bytes: int
    ) -> None:
        unpacked: dict[str, list[bytes]] = {}
        for type_, content_type, body in pack(events, most_events, most_bytes):
            unpacked.setdefault(type_, []).extend(unpack(content_type, body))
        expected: dict[str, list[bytes]] = {}
        for event in events:
            expected.setdefault(event.type, []).append(event.body)
        assert unpacked == expected

    @given(st.lists(outgoing, max_size=40), st.integers(1, 10), st.integers(1, 500))
    def test_keeps_the_limits(self, events: list[Outgoing], most_events: int, most_bytes: int) -> None:
        for _, content_type, body in pack(events, most_events, most_bytes):
            inside = unpack(content_type, body)
            assert 1 <= len(inside) <= most_events
            assert len(inside) == 1 or sum(map(len, inside)) <= most_bytes

    @given(st.lists(documents, min_size=2, max_size=20))
    def test_makes_a_json_array_that_anyone_can_read(self, bodies: list[bytes]) -> None:
        ((_, content_type, body),) = pack([Outgoing("a.v1", body) for body in bodies])
        assert content_type.startswith(BATCH)
        assert orjson.loads(body) == [orjson.loads(one) for one in bodies]

    def test_leaves_one_event_as_it_is(self) -> None:
        assert list(pack([Outgoing("a.v1", b"{}")])) == [("a.v1", SINGLE, b"{}")]

    def test_of_nothing_is_nothing(self) -> None:
        assert list(pack([])) == []

    def test_sends_an_event_larger_than_the_limit_alone(self) -> None:
        large = b'"' + b"x" * 1000 + b'"'
        packed = list(pack([Outgoing("a.v1", b"1"), Outgoing("a.v1", large), Outgoing("a.v1", b"2")], 64, 100))
        assert [unpack(content_type, body) for _, content_type, body in packed] == [[b"1"], [large], [b"2"]]


class TestUnpack:
    def test_splits_a_batch_that_another_publisher_wrote(self) -> None:
        assert unpack(BATCH, b'[ {"id": "1"} , {"id": "2"} ]') == [b'{"id":"1"}', b'{"id":"2"}']

    def test_does_not_take_a_foreign_line_for_an_event(self) -> None:
        assert unpack(BATCH, b'[\n{"id":"1",\n"a":2}\n]') == [b'{"id":"1","a":2}']

    def test_knows_a_batch_with_parameters(self) -> None:
        assert unpack("Application/CloudEvents-Batch+JSON; charset=utf-8", b'[{"id":"1"}]') == [b'{"id":"1"}']

    def test_an_empty_batch_holds_nothing(self) -> None:
        assert unpack(BATCH, b"[]") == []

    @given(st.binary(max_size=200), st.sampled_from([None, SINGLE, "text/plain"]))
    def test_what_is_no_batch_is_one_event(self, body: bytes, content_type: str | None) -> None:
        assert unpack(content_type, body) == [body]

    @given(st.binary(max_size=200))
    def test_never_fails_on_a_broken_batch(self, body: bytes) -> None:
        assert all(isinstance(part, bytes) for part in unpack(BATCH, body))

    def test_keeps_what_is_not_an_array_as_one(self) -> None:
        assert unpack(BATCH, b"7") == [b"7"]
        assert unpack(BATCH, b"{broken") == [b"{broken"]
