"""Change requests and reopened incidents in Request Tracker 5: each shape was heard from a running one. What it has in
common with others is in the suites of all systems and of plain tickets."""

import base64
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.ticketing.access import Access
from shared.ticketing.changes import ChangeOutcome, SinkConfig, ToldOutcome, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.request_tracker.change_mapper import make_ticket, read_told
from shared.ticketing.request_tracker.changes import RequestTrackerChangeSink, RequestTrackerOptions
from shared.ticketing.request_tracker.mapper import map_payload
from shared.ticketing.request_tracker.reopening import open_request_tracker_reopener
from shared.ticketing.sources import NotProven, SourceConfig
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.fake_request_tracker import TOKEN
from tests.shared.ticketing.payloads import genuine_lines, needs_payloads
from tests.shared.ticketing.sink_cases import REQUEST_TRACKER
from tests.shared.ticketing.sink_desk import Desk, open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(REQUEST_TRACKER) as opened:
        yield opened


class TestRaise:
    """R12: one change request for each approved revision."""

    async def test_the_options_go_with_it(self, desk: Desk) -> None:
        options = {"priority": 60, "custom_fields": {"Risk": "of ${number}"}}
        await desk.open(options=options).raise_change(make_request(title="A second shift"))
        ticket = desk.fake.tickets["1"]
        assert ticket["Subject"] == "IMP-000001: A second shift [ratchet:imp-1:1]"
        assert (ticket["Priority"], ticket["CustomFields"]) == ("60", {"Risk": "of IMP-000001"})

    @given(st.text(max_size=300))
    def test_however_long_and_foreign_a_title_is_the_mark_is_whole(self, title: str) -> None:
        """RT cuts subjects at 200 bytes: a title of Chinese characters is longer than it looks."""
        subject = make_ticket(make_request(title=title), "Changes", None, {}, UTC)["Subject"]
        assert subject.endswith(f" {mark('imp-1:1')}")
        assert len(subject.encode()) <= 200

    async def test_quotes_in_an_id_stay_within_the_query(self, desk: Desk) -> None:
        sink = desk.open()
        raised = await sink.raise_change(make_request("o'neill\\:1"))
        assert await sink.find("o'neill\\:1") == raised
        assert await sink.find("' OR Queue = 'Changes") is None

    def test_days_are_those_of_the_connections_zone(self) -> None:
        """In Shanghai the 1st begins at 16:00 UTC of the day before; it is due when its last day is over."""
        planned = make_request(planned_start=date(2026, 12, 1), planned_end=date(2026, 12, 5))
        ticket = make_ticket(planned, "Changes", None, {}, ZoneInfo("Asia/Shanghai"))
        assert (ticket["Starts"], ticket["Due"]) == ("2026-11-30 16:00:00", "2026-12-05 16:00:00")

    async def test_a_wrong_queue_is_told_in_rts_own_words(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match=r"403.*create tickets in the queue 'Nope'") as failure:
            await desk.open(options={"queue": "Nope"}).raise_change(make_request())
        assert failure.value.is_lasting


class TestOutcome:
    """R119: what became of it."""

    async def raised(self, desk: Desk, *statuses: str) -> None:
        await desk.open().raise_change(make_request())
        for status in statuses:
            desk.fake.set_status("1", status)

    async def test_what_was_deleted_has_failed(self, desk: Desk) -> None:
        await self.raised(desk, "deleted")
        outcome = await desk.open().outcome("1")
        assert outcome is not None
        assert (outcome.state, outcome.implemented_at) == ("failed", None)

    async def test_reopened_it_is_not_implemented_although_resolved_keeps_its_value(self, desk: Desk) -> None:
        await self.raised(desk, "resolved", "open")
        assert desk.fake.tickets["1"]["Resolved"] != "1970-01-01T00:00:00Z"
        assert await desk.open().outcome("1") == ChangeOutcome("accepted", None)

    async def test_1970_is_no_time(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.fake.tickets["1"]["Status"] = "resolved"
        assert await desk.open().outcome("1") == ChangeOutcome("implemented", None)


class TestCheck:
    async def check(self, desk: Desk, **options: Any) -> dict[str, Finding]:
        return {found.what: found for found in await desk.open(options=options).check()}

    async def test_its_version_is_told_and_what_could_not_be_tried(self, desk: Desk) -> None:
        findings = await self.check(desk)
        assert "5.0.3" in findings["sign in"].detail
        assert findings["read"].detail.startswith("not tried")

    async def test_a_ticket_that_is_seen_proves_the_right_to_read(self, desk: Desk) -> None:
        await desk.open().raise_change(make_request())
        assert "read" not in await self.check(desk)

    async def test_a_wrong_queue_names_those_that_are_seen(self, desk: Desk) -> None:
        found = (await self.check(desk, queue="Nope"))["queue"]
        assert not found.ok
        assert "sees no queue 'Nope', only 'Changes'" in found.detail

    async def test_the_right_to_create_is_looked_at(self, desk: Desk) -> None:
        desk.fake.queues["Changes"] = (False, [])
        found = (await self.check(desk))["create"]
        assert (found.ok, "CreateTicket" in found.detail) == (False, True)

    async def test_a_custom_field_that_rt_would_drop_is_named(self, desk: Desk) -> None:
        found = (await self.check(desk, custom_fields={"Risc": "low"}))["custom fields"]
        assert not found.ok
        assert "drop 'Risc' without a word" in found.detail
        assert "it sees 'Risk'" in found.detail

    async def test_without_an_address_nothing_is_tried(self) -> None:
        (found,) = await RequestTrackerChangeSink(SinkConfig(None, RequestTrackerOptions(queue="Changes"))).check()
        assert (found.ok, found.detail) == (False, "this connection has no base_url")


class TestOptions:
    @pytest.mark.parametrize("given_options", [{}, {"queue": ""}, {"queue": None}])
    def test_a_missing_queue_is_told_with_an_example(self, given_options: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match=r'queue: is missing; name the queue .*{"queue": "Changes"}'):
            RequestTrackerOptions.model_validate(given_options)

    @pytest.mark.parametrize("priority", ["high", "60", -1, 1001, 10**30, True, 1.5])
    def test_a_priority_is_rts_number(self, priority: Any) -> None:
        with pytest.raises(ValidationError, match=r"priority\n.*RT's own number, from 0 to 1000, as 60"):
            RequestTrackerOptions.model_validate({"queue": "Changes", "priority": priority})
        assert RequestTrackerOptions.model_validate({"queue": "Changes", "priority": 60}).priority == 60

    @pytest.mark.parametrize(
        "wrong",
        [
            {"que": "Changes"},
            {"queue": "a\x00b"},
            {"custom_fields": {"": "x"}},
            {"custom_fields": {"a": {"b": "c"}}},
            {"custom_fields": {str(n): "x" for n in range(51)}},
        ],
    )
    def test_what_rt_could_not_take_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            RequestTrackerOptions.model_validate({"queue": "Changes", **wrong})


class TestWebhooks:
    """What the documentation's scrip posts."""

    EVENT: dict[str, Any] = {  # noqa: RUF012
        "transaction_id": 57,
        "field": "Status",
        "old": "open",
        "new": "resolved",
        "occurred_at": "2024-03-04T09:05:00Z",
        "ticket": {"id": 9, "status": "resolved", "subject": "IMP-1: x [ratchet:imp-1:1]", "resolved": None},
    }

    def test_tells_which_change_and_how_far_it_is(self) -> None:
        told = read_told(self.EVENT, {})
        assert told == ToldOutcome("imp-1:1", "9", "resolved", ChangeOutcome("implemented", after(5)))

    def test_the_transactions_own_status_counts_not_the_ticket_beside_it(self) -> None:
        """A scrip of the opening that comes late sends the ticket as it is by now."""
        told = read_told({**self.EVENT, "old": "new", "new": "open"}, {})
        assert told is not None
        assert (told.word, told.outcome) == ("open", ChangeOutcome("accepted"))

    def test_a_comment_tells_the_state_as_it_is(self) -> None:
        ticket = {**self.EVENT["ticket"], "resolved": "2024-03-04T09:05:00Z"}
        told = read_told({"event": "comment", "occurred_at": "2024-03-04T09:30:00Z", "ticket": ticket}, {})
        assert told is not None
        assert told.outcome == ChangeOutcome("implemented", after(5))

    def test_a_renamed_ticket_is_told_by_its_number(self) -> None:
        ticket = {**self.EVENT["ticket"], "subject": "Second shift"}
        told = read_told({**self.EVENT, "ticket": ticket}, {})
        assert told is not None
        assert (told.correlation_id, told.external_id) == (None, "9")

    def test_a_status_that_nobody_mapped_is_told_as_the_word_that_it_is(self) -> None:
        told = read_told({**self.EVENT, "new": "pondering"}, {})
        assert told is not None
        assert (told.word, told.outcome) == ("pondering", None)

    @needs_payloads
    def test_reads_what_a_real_scrip_posted(self) -> None:
        told = [read_told(event, {}) for event in genuine_lines("rt/webhook_via_scrip_captured.jsonl")]
        assert {(item.correlation_id, item.external_id) for item in told if item} == {(None, "2")}
        last = told[-1]
        assert last is not None
        assert last.outcome is not None
        assert last.outcome.state == "implemented"

    @pytest.mark.parametrize("payload", [None, [], "x", {}, {"ticket": 3}, {"ticket": {}}, {"ticket": {"id": 1}}])
    def test_what_is_no_ticket_is_named(self, payload: Any) -> None:
        with pytest.raises(Unmappable, match=r"ticket|payload"):
            read_told(payload, {})

    def test_its_sender_is_proven(self) -> None:
        options = RequestTrackerOptions(queue="Changes")
        sink = RequestTrackerChangeSink(SinkConfig(None, options, authentication="bearer", secret="s" * 16))
        sink.verify({"authorization": "Bearer " + "s" * 16}, {}, b"{}")
        with pytest.raises(NotProven):
            sink.verify({"authorization": "Basic " + base64.b64encode(b"s").decode()}, {}, b"{}")


class TestReopen:
    """R81: what the customer says is not solved is opened again."""

    async def incident(self, desk: Desk, *statuses: str) -> None:
        await desk.open().raise_change(make_request("incident"))
        for status in statuses:
            desk.fake.set_status("1", status)

    async def reopen(self, desk: Desk, **options: Any) -> bool:
        access, config = Access(desk.url, "token", TOKEN), SourceConfig("rt", UTC)
        return await open_request_tracker_reopener(access, config, options).reopen("1", "not solved")

    async def test_a_change_of_status_that_rt_refuses_is_noticed(self, desk: Desk) -> None:
        """RT answers 201 and says no only in its list of words."""
        desk.fake.rights.discard("ModifyTicket")
        await self.incident(desk, "resolved")
        with pytest.raises(RemoteFailed, match=r"stays 'resolved': .*Permission Denied.*ModifyTicket") as failure:
            await self.reopen(desk)
        assert failure.value.is_lasting

    async def test_a_status_that_the_lifecycle_does_not_have_is_noticed(self, desk: Desk) -> None:
        await self.incident(desk, "resolved")
        with pytest.raises(RemoteFailed, match=r"isn't a valid status.*lead to 'pondering'"):
            await self.reopen(desk, status="pondering")

    async def test_a_state_that_nobody_mapped_is_told(self, desk: Desk) -> None:
        await self.incident(desk, "pondering")
        with pytest.raises(RemoteFailed, match="'pondering' is none of the states known"):
            await self.reopen(desk)


def test_our_own_change_request_posted_is_no_incident() -> None:
    reading = map_payload(TestWebhooks.EVENT, SourceConfig("rt", UTC))
    assert (reading.facts, "our own change request" in (reading.ignored or "")) == ((), True)
