"""Change requests and reopened incidents in Request Tracker 5: each shape was heard from a running one."""

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
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, SinkConfig, ToldOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.request_tracker.change_mapper import make_ticket, read_told
from shared.ticketing.request_tracker.changes import RequestTrackerChangeSink, RequestTrackerOptions
from shared.ticketing.request_tracker.mapper import map_payload
from shared.ticketing.request_tracker.reopening import open_request_tracker_reopener
from shared.ticketing.sources import NotProven, SourceConfig
from tests.shared.ticketing.fake_request_tracker import TOKEN, FakeRequestTracker, minute
from tests.shared.ticketing.listener import Listener, listening
from tests.shared.ticketing.payloads import genuine, genuine_lines, needs_payloads

UTC = ZoneInfo("UTC")
ID = "0190a1b2-0000-7000-8000-000000000001:1"
REQUEST = ChangeRequest(
    correlation_id=ID,
    number="IMP-000001",
    title="A second shift",
    problem="The SLA was missed in March.",
    plan="Two engineers on Mondays.",
    impact="No outage.",
    approved_by="eva",
)


def changed(**values: Any) -> ChangeRequest:
    return REQUEST.model_copy(update=values)


class Desk:
    """A fake RT that listens, and our sink and reopener on it."""

    def __init__(self, desk: FakeRequestTracker, listener: Listener) -> None:
        self.rt = desk
        self.listener = listener

    def access(self, secret: str = TOKEN) -> Access:
        return Access(self.listener.url, "token", secret)

    def sink(self, *, secret: str = TOKEN, states: Any = None, zone: ZoneInfo = UTC, **options: Any) -> Any:
        given_options = RequestTrackerOptions(**{"queue": "Changes", **options})
        return RequestTrackerChangeSink(SinkConfig(self.access(secret), given_options, states or {}, zone))

    async def reopen(self, number: str, **options: Any) -> bool:
        config = SourceConfig("rt", UTC)
        return await open_request_tracker_reopener(self.access(), config, options).reopen(number, "not solved")

    async def check(self, **options: Any) -> dict[str, Finding]:
        return {found.what: found for found in await self.sink(**options).check()}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    rt = FakeRequestTracker()
    async with listening(rt.answer) as listener:
        yield Desk(rt, listener)


class TestFindAndRaise:
    """R12: one change request for each approved revision."""

    async def test_what_was_raised_is_found_by_its_mark(self, desk: Desk) -> None:
        sink = desk.sink()
        assert await sink.find(ID) is None
        raised = await sink.raise_change(REQUEST)
        assert raised == RaisedChange("1", f"{desk.listener.url}/Ticket/Display.html?id=1")
        assert await sink.find(ID) == raised
        assert await sink.find(ID.replace(":1", ":11")) is None

    async def test_it_carries_what_change_control_needs(self, desk: Desk) -> None:
        """R118: the impact is part of the request."""
        await desk.sink(priority=60, custom_fields={"Risk": "of ${number}"}).raise_change(REQUEST)
        ticket = desk.rt.tickets["1"]
        assert ticket["Subject"] == f"IMP-000001: A second shift [ratchet:{ID}]"
        for told in ("The SLA was missed in March.", "Two engineers on Mondays.", "No outage.", "eva", ID):
            assert told in ticket["content"]
        assert (ticket["Priority"], ticket["CustomFields"]) == ("60", {"Risk": "of IMP-000001"})

    @given(st.text(max_size=300))
    def test_however_long_and_foreign_a_title_is_the_mark_is_whole(self, title: str) -> None:
        """RT cuts subjects at 200 bytes: a title of Chinese characters is longer than it looks."""
        subject = make_ticket(changed(title=title), "Changes", None, {}, UTC)["Subject"]
        assert subject.endswith(f" [ratchet:{ID}]")
        assert len(subject.encode()) <= 200

    async def test_a_chinese_title_is_found_again(self, desk: Desk) -> None:
        sink = desk.sink()
        raised = await sink.raise_change(changed(title="服务改进" * 40))
        assert await sink.find(ID) == raised

    async def test_quotes_in_an_id_stay_within_the_query(self, desk: Desk) -> None:
        sink = desk.sink()
        raised = await sink.raise_change(changed(correlation_id="o'neill\\:1"))
        assert await sink.find("o'neill\\:1") == raised
        assert await sink.find("' OR Queue = 'Changes") is None

    def test_days_are_those_of_the_connections_zone(self) -> None:
        """In Shanghai the 1st begins at 16:00 UTC of the day before; it is due when its last day is over."""
        planned = changed(planned_start=date(2026, 12, 1), planned_end=date(2026, 12, 5))
        ticket = make_ticket(planned, "Changes", None, {}, ZoneInfo("Asia/Shanghai"))
        assert (ticket["Starts"], ticket["Due"]) == ("2026-11-30 16:00:00", "2026-12-05 16:00:00")

    async def test_a_wrong_queue_is_told_in_rts_own_words(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match=r"403.*create tickets in the queue 'Nope'") as failure:
            await desk.sink(queue="Nope").raise_change(REQUEST)
        assert failure.value.is_lasting

    async def test_a_wrong_token_is_told(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match=r"401.*check authentication and secret") as failure:
            await desk.sink(secret="1-1-wrong").find(ID)
        assert failure.value.is_lasting


class TestOutcome:
    """R119: what became of it."""

    async def raised(self, desk: Desk, *statuses: str) -> None:
        await desk.sink().raise_change(REQUEST)
        for status in statuses:
            desk.rt.set_status("1", status)

    @pytest.mark.parametrize(
        ("status", "state"),
        [("new", "raised"), ("open", "accepted"), ("stalled", "raised"), ("rejected", "failed"), ("deleted", "failed")],
    )
    async def test_a_status_is_known(self, desk: Desk, status: str, state: str) -> None:
        await self.raised(desk, status)
        outcome = await desk.sink().outcome("1")
        assert (outcome.state, outcome.implemented_at) == (state, None)

    async def test_implemented_when_it_was_resolved(self, desk: Desk) -> None:
        """Created in minute 0, opened in 1, resolved in 2."""
        await self.raised(desk, "open", "resolved")
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(2))

    async def test_resolved_again_it_counts_from_then(self, desk: Desk) -> None:
        await self.raised(desk, "resolved", "open", "resolved")
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(3))

    async def test_reopened_it_is_not_implemented_although_resolved_keeps_its_value(self, desk: Desk) -> None:
        await self.raised(desk, "resolved", "open")
        assert desk.rt.tickets["1"]["Resolved"] != "1970-01-01T00:00:00Z"
        assert await desk.sink().outcome("1") == ChangeOutcome("accepted", None)

    async def test_without_a_history_its_field_says_when(self, desk: Desk) -> None:
        await self.raised(desk, "resolved")
        desk.rt.histories["1"] = []
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(1))

    async def test_1970_is_no_time(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.rt.tickets["1"]["Status"] = "resolved"
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", None)

    async def test_the_connections_own_words_come_first(self, desk: Desk) -> None:
        await self.raised(desk, "open", "stalled")
        assert (await desk.sink(states={"Stalled": "implemented"}).outcome("1")) == ChangeOutcome(
            "implemented", minute(2)
        )

    async def test_a_status_that_nobody_mapped_is_no_outcome(self, desk: Desk) -> None:
        await self.raised(desk, "pondering")
        assert await desk.sink().outcome("1") is None

    @pytest.mark.parametrize("number", ["2", "CHG1", "../user/root", "１"])
    async def test_a_ticket_that_is_not_there_is_told(self, desk: Desk, number: str) -> None:
        with pytest.raises(RemoteFailed, match="has no ticket"):
            await desk.sink().outcome(number)


class TestCheck:
    async def test_what_is_right_is_found_right_and_nothing_is_written(self, desk: Desk) -> None:
        findings = await desk.check(custom_fields={"Risk": "low"})
        assert [name for name, found in findings.items() if not found.ok] == []
        assert list(findings) == ["sign in", "queue", "create", "custom fields", "search", "read"]
        assert "5.0.3" in findings["sign in"].detail
        assert findings["read"].detail.startswith("not tried")
        assert {asked.method for asked in desk.listener.requests} == {"GET"}

    async def test_a_ticket_that_is_seen_proves_the_right_to_read(self, desk: Desk) -> None:
        await desk.sink().raise_change(REQUEST)
        assert "read" not in await desk.check()

    async def test_a_wrong_token_ends_it(self, desk: Desk) -> None:
        (found,) = await desk.sink(secret="1-1-wrong").check()
        assert (found.what, found.ok) == ("sign in", False)
        assert "check authentication and secret" in found.detail

    async def test_a_wrong_queue_names_those_that_are_seen(self, desk: Desk) -> None:
        found = (await desk.check(queue="Nope"))["queue"]
        assert not found.ok
        assert "sees no queue 'Nope', only 'Changes'" in found.detail

    async def test_the_right_to_create_is_looked_at(self, desk: Desk) -> None:
        desk.rt.queues["Changes"] = (False, [])
        found = (await desk.check())["create"]
        assert (found.ok, "CreateTicket" in found.detail) == (False, True)

    async def test_a_custom_field_that_rt_would_drop_is_named(self, desk: Desk) -> None:
        found = (await desk.check(custom_fields={"Risc": "low"}))["custom fields"]
        assert not found.ok
        assert "drop 'Risc' without a word" in found.detail
        assert "it sees 'Risk'" in found.detail

    async def test_an_address_that_is_no_rt_is_told(self, desk: Desk) -> None:
        access = Access("http://127.0.0.1:9", "token", TOKEN)
        (found,) = await RequestTrackerChangeSink(SinkConfig(access, RequestTrackerOptions(queue="Changes"))).check()
        assert (found.ok, "ConnectError" in found.detail) == (False, True)

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
        "ticket": {"id": 9, "status": "resolved", "subject": f"IMP-1: x [ratchet:{ID}]", "resolved": None},
    }

    def test_tells_which_change_and_how_far_it_is(self) -> None:
        told = read_told(self.EVENT, {})
        assert told == ToldOutcome(ID, "9", "resolved", ChangeOutcome("implemented", minute(5)))

    def test_the_transactions_own_status_counts_not_the_ticket_beside_it(self) -> None:
        """A scrip of the opening that comes late sends the ticket as it is by now."""
        told = read_told({**self.EVENT, "old": "new", "new": "open"}, {})
        assert told is not None
        assert (told.word, told.outcome) == ("open", ChangeOutcome("accepted"))

    def test_a_comment_tells_the_state_as_it_is(self) -> None:
        ticket = {**self.EVENT["ticket"], "resolved": "2024-03-04T09:05:00Z"}
        told = read_told({"event": "comment", "occurred_at": "2024-03-04T09:30:00Z", "ticket": ticket}, {})
        assert told is not None
        assert told.outcome == ChangeOutcome("implemented", minute(5))

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
        await desk.sink().raise_change(changed(correlation_id="incident"))
        for status in statuses:
            desk.rt.set_status("1", status)

    async def test_reopens_and_says_why(self, desk: Desk) -> None:
        await self.incident(desk, "resolved")
        assert await desk.reopen("1") is True
        assert desk.rt.tickets["1"]["Status"] == "open"
        assert desk.rt.comments == [("1", "not solved")]

    @pytest.mark.parametrize("status", ["new", "open", "stalled"])
    async def test_what_is_open_stays_as_it_is(self, desk: Desk, status: str) -> None:
        await self.incident(desk, status)
        assert await desk.reopen("1") is False
        assert (desk.rt.tickets["1"]["Status"], desk.rt.comments) == (status, [])

    async def test_the_options_name_the_status(self, desk: Desk) -> None:
        await self.incident(desk, "rejected")
        assert await desk.reopen("1", status="stalled") is True
        assert desk.rt.tickets["1"]["Status"] == "stalled"

    async def test_a_change_of_status_that_rt_refuses_is_noticed(self, desk: Desk) -> None:
        """RT answers 201 and says no only in its list of words."""
        desk.rt.rights.discard("ModifyTicket")
        await self.incident(desk, "resolved")
        with pytest.raises(RemoteFailed, match=r"stays 'resolved': .*Permission Denied.*ModifyTicket") as failure:
            await desk.reopen("1")
        assert failure.value.is_lasting

    async def test_a_status_that_the_lifecycle_does_not_have_is_noticed(self, desk: Desk) -> None:
        await self.incident(desk, "resolved")
        with pytest.raises(RemoteFailed, match=r"isn't a valid status.*lead to 'pondering'"):
            await desk.reopen("1", status="pondering")

    async def test_what_is_not_there_cannot_be_reopened(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match="has no ticket '77'"):
            await desk.reopen("77")

    async def test_a_state_that_nobody_mapped_is_told(self, desk: Desk) -> None:
        await self.incident(desk, "pondering")
        with pytest.raises(RemoteFailed, match="'pondering' is none of the states known"):
            await desk.reopen("1")

    def test_options_that_are_none_are_refused(self) -> None:
        access = Access("http://rt.test", "token", TOKEN)
        with pytest.raises(ValueError, match="transition"):
            open_request_tracker_reopener(access, SourceConfig("rt", UTC), {"transition": "Reopen"})


class TestEchoGuard:
    """Our own change request is no incident."""

    CONFIG = SourceConfig("rt", UTC)

    async def test_a_polled_ticket_that_carries_our_mark_is_ignored(self, desk: Desk) -> None:
        await desk.sink().raise_change(REQUEST)
        reading = map_payload({"ticket": desk.rt.tickets["1"], "history": desk.rt.histories["1"]}, self.CONFIG)
        assert reading.facts == ()
        assert f"our own change request {ID}" in (reading.ignored or "")

    def test_a_posted_one_is_ignored_too(self) -> None:
        reading = map_payload(TestWebhooks.EVENT, self.CONFIG)
        assert (reading.facts, "our own change request" in (reading.ignored or "")) == ((), True)

    @needs_payloads
    def test_others_are_not(self) -> None:
        assert map_payload(genuine("rt/get_ticket_resolved.json"), self.CONFIG).facts
