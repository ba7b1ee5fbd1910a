"""Change requests in Zammad: tickets of a group, a search index that is behind, and Zammad's own webhook."""

from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.changes import ChangeOutcome, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.zammad.change_mapper import make_ticket, read_told
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.payloads import genuine, needs_payloads
from tests.shared.ticketing.sink_cases import ZAMMAD
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


class TestMakeTicket:
    def test_the_title_is_cut_and_never_the_mark(self) -> None:
        ticket = make_ticket(make_request(title="x" * 400), "Changes", "a@b.example", {}, is_internal=True)
        assert len(ticket["title"]) == 250
        assert ticket["title"].endswith(f" {mark('imp-1:1')}")
        assert ticket["article"]["internal"] is True

    def test_further_fields_win_except_over_the_title(self) -> None:
        fields = {"priority": "3 high", "title": "x", "group": "Board", "tags": "change"}
        ticket = make_ticket(make_request(), "Changes", "a@b.example", fields, is_internal=False)
        assert (ticket["priority"], ticket["group"], ticket["tags"]) == ("3 high", "Board", "change")
        assert mark("imp-1:1") in ticket["title"]


class TestFind:
    async def test_what_is_not_indexed_yet_is_found(self) -> None:
        async with open_desk(ZAMMAD) as desk:
            raised = await desk.open().raise_change(make_request())
            assert desk.fake.indexed == set()
            assert await desk.open().find("imp-1:1") == raised

    async def test_where_conditions_are_not_known_words_find_it_and_no_other(self) -> None:
        async with open_desk(ZAMMAD) as desk:
            desk.fake.knows_conditions = False
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            await sink.raise_change(make_request("imp-1:2"))
            desk.fake.indexed = set(desk.fake.tickets)
            assert await sink.find("imp-1:1") == raised
            assert await sink.find("imp-9:9") is None

    async def test_of_two_with_the_same_mark_the_older_is_ours(self) -> None:
        async with open_desk(ZAMMAD) as desk:
            first = await desk.open().raise_change(make_request())
            await desk.open().raise_change(make_request())
            assert await desk.open().find("imp-1:1") == first


class TestReadTold:
    def test_a_second_closing_counts(self) -> None:
        times = {"close_at": "2024-03-04T09:30:00Z", "last_close_at": "2024-03-04T10:00:00Z"}
        told = read_told({"ticket": {"id": 81, "title": "x", "state": {"name": "closed"}, **times}}, {}, UTC)
        assert told is not None
        assert told.outcome == ChangeOutcome("implemented", after(60))

    def test_a_mark_in_the_article_names_it_too(self) -> None:
        payload = {"ticket": {"id": 81, "title": "edited", "state": "open"}, "article": {"body": mark("imp-1:1")}}
        told = read_told(payload, {}, UTC)
        assert told is not None
        assert (told.correlation_id, told.external_id) == ("imp-1:1", "81")

    @pytest.mark.parametrize("payload", [{}, {"ticket": 3}, {"ticket": {"id": 1}}])
    def test_what_is_missing_is_named(self, payload: dict[str, object]) -> None:
        with pytest.raises(Unmappable, match="ticket"):
            read_told(payload, {}, UTC)

    @needs_payloads
    def test_zammads_own_payload(self) -> None:
        told = read_told(genuine("zammad/webhook_default_payload.json"), {}, UTC)
        assert told is not None
        assert (told.correlation_id, told.external_id, told.word) == (None, "81", "open")
        assert told.outcome == ChangeOutcome("accepted")
