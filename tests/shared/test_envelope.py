from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import Draft, Fact, MalformedEvent, Origin, parse, serialise, typed
from tests.support.spine import Said

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DRAFT = Draft(
    Said(words="hello"), "talk-1", 7, Origin("anna", "story-1", "cause-1", "00-" + "1" * 32 + "-" + "2" * 16 + "-01")
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


class Measured(Fact):
    TYPE: ClassVar[str] = "ratchet.test.measured.v1"
    moment: datetime
    value: float
    day: UUID | None = None


def document(**changes: object) -> bytes:
    return orjson.dumps({**orjson.loads(serialise(DRAFT, "metrics", MOMENT)[1]), **changes})


class TestSerialise:
    def test_writes_a_cloudevent(self) -> None:
        event_id, raw = serialise(DRAFT, "metrics", MOMENT)
        assert orjson.loads(raw) == {
            "specversion": "1.0",
            "id": str(event_id),
            "source": "/metrics",
            "type": "ratchet.test.said.v1",
            "subject": "talk-1",
            "time": "2026-03-01T12:00:00.123456Z",
            "datacontenttype": "application/json",
            "dataschema": "urn:ratchet:schema:ratchet.test.said.v1",
            "sequence": 7,
            "correlationid": "story-1",
            "causationid": "cause-1",
            "traceparent": "00-11111111111111111111111111111111-2222222222222222-01",
            "actor": "anna",
            "data": {"words": "hello"},
        }

    def test_begins_a_story_with_its_subject(self) -> None:
        raw = serialise(Draft(Said(words="x"), "talk-1", 1, Origin("anna")), "metrics", MOMENT)[1]
        written = orjson.loads(raw)
        assert written["correlationid"] == "talk-1"
        assert not {"causationid", "traceparent"} & set(written)

    def test_writes_time_in_utc(self) -> None:
        beijing = MOMENT.astimezone(timezone(timedelta(hours=8)))
        assert orjson.loads(serialise(DRAFT, "metrics", beijing)[1])["time"] == "2026-03-01T12:00:00.123456Z"

    def test_writes_one_line(self) -> None:
        raw = serialise(Draft(Said(words="two\nlines"), "talk-1", 1, Origin("anna")), "metrics", MOMENT)[1]
        assert b"\n" not in raw

    @given(texts, texts, st.integers(0, 2**53), texts)
    def test_is_read_again_as_it_was(self, words: str, subject: str, sequence: int, actor: str) -> None:
        draft = Draft(Said(words=words), subject, sequence, Origin(actor, "story"))
        event_id, raw = serialise(draft, "metrics", MOMENT)
        event = typed(parse(raw), Said)
        assert (event.id, event.data, event.subject, event.sequence) == (event_id, draft.data, subject, sequence)
        assert (event.actor, event.correlation_id, event.source, event.time) == (actor, "story", "metrics", MOMENT)
        assert event.raw == raw

    @given(
        st.builds(
            Measured,
            moment=st.datetimes(timezones=st.just(UTC)),
            value=st.floats(allow_nan=False, allow_infinity=False),
            day=st.none() | st.uuids(),
        )
    )
    def test_loses_nothing_of_what_it_tells(self, fact: Measured) -> None:
        raw = serialise(Draft(fact, "s", 1, Origin("anna")), "metrics", MOMENT)[1]
        assert typed(parse(raw), Measured).data == fact


class TestParse:
    def test_reads_what_another_writer_may_leave_out_or_add(self) -> None:
        raw = document(extra="unknown")
        assert parse(raw).raw == raw

    @pytest.mark.parametrize(
        "attribute", ["id", "source", "type", "subject", "time", "sequence", "correlationid", "actor", "data"]
    )
    def test_an_attribute_that_is_missing_is_told(self, attribute: str) -> None:
        left = orjson.loads(document())
        del left[attribute]
        with pytest.raises(MalformedEvent, match=attribute):
            parse(orjson.dumps(left))

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": "seven"},
            {"id": 7},
            {"source": 7},
            {"type": None},
            {"subject": 5},
            {"subject": "a\x00b"},
            {"type": "a\x00b"},
            {"actor": ["anna"]},
            {"correlationid": {}},
            {"causationid": 5},
            {"time": "yesterday"},
            {"time": "2026-03-01T12:00:00"},
            {"time": 0},
            {"sequence": "many"},
            {"sequence": None},
            {"data": [1]},
            {"data": "text"},
            {"data": None},
        ],
    )
    def test_an_attribute_of_another_kind_is_malformed(self, changes: dict[str, object]) -> None:
        with pytest.raises(MalformedEvent):
            parse(document(**changes))

    @given(st.binary(max_size=300))
    def test_never_fails_otherwise(self, raw: bytes) -> None:
        with pytest.raises(MalformedEvent):
            parse(raw)

    @pytest.mark.parametrize("raw", [b"[]", b"7", b"null", b'"text"', b"{}", b"[" * 5000, b'{"id":"\\ud800"}'])
    def test_json_that_is_no_event_is_malformed(self, raw: bytes) -> None:
        with pytest.raises(MalformedEvent):
            parse(raw)


class TestTyped:
    def test_ignores_what_it_does_not_know(self) -> None:
        event = typed(parse(document(data={"words": "hello", "added_later": 1})), Said)
        assert event.data == Said(words="hello")

    def test_data_that_do_not_fit_are_malformed(self) -> None:
        with pytest.raises(MalformedEvent, match="words"):
            typed(parse(document(data={"volume": 3})), Said)


class TestOrigin:
    def test_of_what_an_event_leads_to_names_the_event(self) -> None:
        event = parse(document())
        assert event.origin("service:audit") == Origin("service:audit", "story-1", str(event.id), event.traceparent)
