from datetime import UTC, datetime, timedelta

import pytest

from services.metrics.inbound.rules import first_id_at, read_body, read_fact
from shared.ids import new_id
from shared.ticketing.sources import Reading
from tests.support.tickets import at, facts


class TestReadBody:
    @pytest.mark.parametrize(
        ("body", "outcome", "note"),
        [
            (b"[1, 2]", "accepted", None),
            (b"[1, 0]", "accepted", "nothing to say"),
            (b"0", "ignored", "nothing to say"),
            (b"[]", "ignored", None),
            (b"[1, {}]", "quarantined", "[1]: source: Field required"),
            (b'{"half', "quarantined", "body: not JSON"),
        ],
    )
    def test_what_became_of_it(self, body: bytes, outcome: str, note: str | None) -> None:
        def read(element: object) -> Reading:
            if isinstance(element, int):
                return Reading((facts(),)) if element else Reading((), "nothing to say")
            return read_fact(element)

        understood = read_body(body, read, at(0))
        assert understood.outcome == outcome
        assert (understood.note or "").startswith(note or "")
        assert (understood.note is None) == (note is None)


class TestFirstIdAt:
    def test_lies_before_every_id_made_then_and_behind_those_made_before(self) -> None:
        made = new_id()
        now = datetime.now(UTC)
        assert first_id_at(now - timedelta(seconds=5)) < made < first_id_at(now + timedelta(seconds=5))

    def test_begins_with_the_milliseconds_as_the_rfc_shows(self) -> None:
        """RFC 9562, appendix A.6: 2022-02-22 14:22:22.00 at UTC-5 is 017F22E2-79B0."""
        moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
        assert str(first_id_at(moment)).startswith("017f22e2-79b0-")
