"""What a running Request Tracker 5.0.3 told, by its scrip and by REST2."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.metrics.tickets import rules
from services.metrics.tickets.rules import Ticket
from shared import clock
from shared.ids import new_id
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.request_tracker.mapper import map_payload
from shared.ticketing.sources import Position, SourceConfig
from tests.shared.ticketing.desks import REQUEST_TRACKER, Board, Step, after, answer_request_tracker
from tests.shared.ticketing.listener import listening
from tests.shared.ticketing.payloads import genuine, genuine_lines, needs_payloads

CONFIG = SourceConfig("rt", ZoneInfo("UTC"))
CAPTURED = "rt/webhook_via_scrip_captured.jsonl"


def second(number: int) -> datetime:
    """A second of the minute in which the ticket was captured."""
    return datetime(2026, 11, 21, 1, 39, number, tzinfo=UTC)


def live(told: list[TicketFacts]) -> tuple[Ticket, list[tuple[str, datetime]]]:
    """What a ticket goes through when it hears these facts in this order."""
    ticket = rules.begin(new_id(), told[0])
    happened: list[tuple[str, datetime]] = []
    for facts in told:
        ticket, changes = rules.apply(ticket, facts)
        happened += [(change.happening, change.at) for change in changes]
    return ticket, happened


STORY = [
    ("opened", second(11)),
    ("responded", second(12)),
    ("resolved", second(14)),
    ("reopened", second(16)),
    ("resolved", second(17)),
]
"""Read by eye from the captured transactions 41, 47, 50, 52 and 53."""


@needs_payloads
class TestScrip:
    def test_transactions_out_of_order_make_the_story_in_order(self) -> None:
        """The scrip sent 43 and 44 before 41, all in one second."""
        told = genuine_lines(CAPTURED)
        assert [event["transaction_id"] for event in told][:3] == [43, 44, 41]
        ticket, happened = live([map_payload(event, CONFIG).facts[0] for event in told])
        assert happened == STORY
        assert (ticket.external_id, ticket.state, ticket.resolution_number) == ("2", "resolved", 2)

    def test_resolved_keeps_its_value_after_a_reopen_and_means_nothing_then(self) -> None:
        (reopened,) = (event for event in genuine_lines(CAPTURED) if event["transaction_id"] == 52)
        assert reopened["ticket"]["resolved"] == "2026-11-21T01:39:14Z"
        (facts,) = map_payload(reopened, CONFIG).facts
        assert (facts.state, facts.resolved_at, facts.update_number) == ("in_progress", None, 52)

    def test_any_order_of_arrival_ends_the_same(self) -> None:
        told = [map_payload(event, CONFIG).facts[0] for event in genuine_lines(CAPTURED)]
        last, _ = live([*told, *reversed(told)])
        assert (last.resolution_number, last.reopen_count, last.resolved_at) == (2, 1, second(17))

    def test_who_resolved_it_is_the_resolver_where_the_scrip_says(self) -> None:
        last = genuine_lines(CAPTURED)[-1]
        (facts,) = map_payload({**last, "actor": "ann"}, CONFIG).facts
        assert facts.resolver == "ann"
        (by_itself,) = map_payload({**last, "actor": "RT_System"}, CONFIG).facts
        assert by_itself.resolver == last["ticket"]["owner"] == "root"

    def test_takes_what_a_report_needs(self) -> None:
        (facts,) = map_payload(genuine_lines(CAPTURED)[-1], CONFIG).facts
        assert (facts.title, facts.priority, facts.group) == ("VPN down", "80", "General")
        assert (facts.customer, facts.resolver) == ("cust@example.test", "root")
        assert facts.due_at == datetime(2026, 11, 21, 5, 39, 11, tzinfo=UTC)


@needs_payloads
class TestPolled:
    def test_a_history_is_the_same_story_as_the_scrips(self) -> None:
        """R59, R80: resolved, reopened, resolved again, heard of at once: two resolutions."""
        polled = {"ticket": genuine("rt/get_ticket_resolved.json"), "history": genuine("rt/history.json")["items"]}
        told = list(map_payload(polled, CONFIG).facts)
        ticket, happened = live([*told, *told])
        assert happened == STORY
        assert (ticket.resolution_number, ticket.updated_at) == (2, second(17))

    def test_a_record_older_than_its_history_does_not_undo_it(self) -> None:
        record = genuine("rt/get_ticket_resolved.json")
        history = genuine("rt/history.json")["items"]
        assert (record["LastUpdated"], history[-1]["Created"]) == ("2026-11-21T01:39:14Z", "2026-11-21T01:39:17Z")
        last = map_payload({"ticket": record, "history": history}, CONFIG).facts[-1]
        assert (last.state, last.updated_at, last.update_number) == ("resolved", second(17), 54)

    def test_the_order_of_the_list_means_nothing(self) -> None:
        record, history = genuine("rt/get_ticket_resolved.json"), genuine("rt/history.json")["items"]
        forwards = map_payload({"ticket": record, "history": history}, CONFIG)
        assert map_payload({"ticket": record, "history": history[::-1]}, CONFIG) == forwards

    def test_1970_is_null(self) -> None:
        payload = genuine("rt/get_ticket.json")
        assert payload["Resolved"] == payload["Started"] == "1970-01-01T00:00:00Z"
        (facts,) = map_payload(payload, CONFIG).facts
        assert (facts.state, facts.responded_at, facts.resolved_at, facts.due_at) == ("new", None, None, None)
        assert facts.resolver is None  # Nobody

    def test_numbers_that_are_text_and_text_that_are_numbers(self) -> None:
        (facts,) = map_payload(genuine("rt/get_ticket.json"), CONFIG).facts
        assert (facts.external_id, facts.priority, facts.group) == ("1", "20", "1")

    def test_a_scrip_and_a_poll_of_one_connection_agree(self) -> None:
        polled = {"ticket": genuine("rt/get_ticket_resolved.json"), "history": genuine("rt/history.json")["items"]}
        by_scrip = [map_payload(event, CONFIG).facts[0] for event in genuine_lines(CAPTURED)]
        _, happened = live([*by_scrip, *map_payload(polled, CONFIG).facts])
        assert happened == STORY

    def test_the_answer_to_a_creation_is_no_ticket(self) -> None:
        with pytest.raises(Unmappable, match="no Status"):
            map_payload(genuine("rt/create2.json"), CONFIG)


def polled(history: list[dict[str, Any]], status: str = "resolved") -> dict[str, Any]:
    ticket = {
        "id": "7",
        "Status": status,
        "Created": "2026-03-02T09:00:00Z",
        "LastUpdated": "2026-03-02T09:00:30Z",
        "Owner": {"id": "root"},
    }
    return {"ticket": ticket, "history": history}


def change(number: str, old: str, new: str, **values: Any) -> dict[str, Any]:
    base = {"id": number, "Type": "Status", "OldValue": old, "NewValue": new, "Created": "2026-03-02T09:00:30Z"}
    return {**base, "Creator": {"id": "ann"}, **values}


class TestMapPayload:
    def test_within_a_second_the_number_orders_and_not_its_text(self) -> None:
        """As text "9" would come behind "10"."""
        facts = map_payload(polled([change("10", "open", "resolved"), change("9", "new", "open")]), CONFIG).facts
        assert [item.state for item in facts] == ["new", "in_progress", "resolved"]

    def test_who_made_the_change_resolved_it(self) -> None:
        facts = map_payload(polled([change("9", "open", "resolved")]), CONFIG).facts
        assert [item.resolver for item in facts] == ["root", "ann"]
        by_itself = map_payload(polled([change("9", "open", "resolved", Creator={"id": "RT_System"})]), CONFIG).facts
        assert by_itself[-1].resolver == "root"

    def test_an_update_that_changes_no_state_is_told_last(self) -> None:
        later = {"id": "12", "Type": "Set", "Field": "Owner", "Created": "2026-03-02T09:00:30Z"}
        facts = map_payload(polled([change("9", "new", "open"), later], "open"), CONFIG).facts
        assert [(item.state, item.update_number) for item in facts] == [
            ("new", 0),
            ("in_progress", 9),
            ("in_progress", 12),
        ]

    def test_a_reminder_is_no_ticket(self) -> None:
        reminder = polled([])
        reminder["ticket"]["Type"] = "reminder"
        assert map_payload(reminder, CONFIG) == ((), "a reminder is no ticket")

    @pytest.mark.parametrize(
        ("history", "says"),
        [
            ([change("x", "new", "open")], "history.id: 'x' is no whole number"),
            ([change("9", "new", "pondering")], "'pondering' is none of the states"),
            ([change("9", "new", "open", Created="1970-01-01T00:00:00Z")], "no id or no Created"),
        ],
    )
    def test_what_is_wrong_is_named(self, history: list[dict[str, Any]], says: str) -> None:
        with pytest.raises(Unmappable, match=says):
            map_payload(polled(history), CONFIG)


class TestPoll:
    async def test_the_seconds_asked_for_hold_whatever_the_zone_of_its_user(self) -> None:
        """RT is asked for a span before now, which no zone can shift, and what is older than wanted is not read."""
        board = Board({"1": [("new", 0)], "2": [("new", 0), ("in_progress", 30)]})
        async with listening(answer_request_tracker(board)) as listener:
            page = await REQUEST_TRACKER.polling(listener.url).poll(Position(after(10)))
        assert [element["ticket"]["id"] for element in page.elements] == ["2"]
        assert not [asked for asked in listener.requests if asked.path.startswith("/REST/2.0/ticket/1/")]
        (told,) = re.findall(r"'-(\d+) seconds'", listener.requests[0].query["query"])
        assert int(told) >= (clock.now() - after(10)).total_seconds() + 3600

    async def test_a_long_history_is_read_page_by_page(self) -> None:
        steps: list[Step] = [("new", 0)]
        steps += [("in_progress" if minute % 2 else "resolved", minute) for minute in range(1, 10)]
        board = Board({"1": steps})
        async with listening(answer_request_tracker(board)) as listener:
            page = await REQUEST_TRACKER.polling(listener.url).poll(Position(after(0)))
        (element,) = page.elements
        assert len(element["history"]) == 10
        assert len([asked for asked in listener.requests if asked.path.endswith("/history")]) == 5
