"""What Request Tracker and Redmine have in common: a change is a plain ticket, named by its number, whose history tells
when it came into a state. Each answer was heard from a running one."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.access import Access
from shared.ticketing.changes import ChangeOutcome, RaisedChange
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.sources import SourceConfig
from shared.ticketing.systems import SYSTEMS
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.sink_cases import REDMINE, REQUEST_TRACKER, Case
from tests.shared.ticketing.sink_desk import Desk, open_desk
from tests.shared.ticketing.test_changes import make_request


@dataclass(frozen=True)
class Tickets:
    """One of the two: its words for states, where people see a ticket, how its history is lost, and what its check
    tries, each in its own words."""

    case: Case
    fresh: str
    opened: str
    waiting: str
    done: tuple[str, ...]
    link: str
    forget: Callable[[Any], None]
    options: dict[str, Any]
    checks: tuple[str, ...]

    def __str__(self) -> str:
        return str(self.case)


def _forget_transactions(rt: Any) -> None:
    rt.histories["1"] = []


def _forget_journals(redmine: Any) -> None:
    redmine.issues["1"]["journals"] = []


SYSTEMS_OF_TICKETS = (
    Tickets(
        REQUEST_TRACKER,
        "new",
        "open",
        "stalled",
        ("resolved", "rejected"),
        "/Ticket/Display.html?id=1",
        _forget_transactions,
        {"custom_fields": {"Risk": "low"}},
        ("sign in", "queue", "create", "custom fields", "search", "read"),
    ),
    Tickets(
        REDMINE,
        "New",
        "In Progress",
        "Feedback",
        ("Resolved", "Closed", "Rejected"),
        "/issues/1",
        _forget_journals,
        {"priority": 3, "custom_fields": {"7": "x"}},
        ("sign in", "project", "tracker", "priority", "custom fields", "search", "view and add issues"),
    ),
)


@pytest.fixture(params=SYSTEMS_OF_TICKETS, ids=str)
def tickets(request: pytest.FixtureRequest) -> Tickets:
    system: Tickets = request.param
    return system


@pytest.fixture
async def desk(tickets: Tickets) -> AsyncIterator[Desk]:
    """With one change raised, number 1, in minute 0; each state that is set comes a minute later."""
    async with open_desk(tickets.case) as opened:
        await opened.open().raise_change(make_request())
        yield opened


def set_states(desk: Desk, *words: str) -> None:
    for word in words:
        desk.fake.set_status("1", word)


class TestRaised:
    async def test_people_see_it_under_its_number(self, desk: Desk, tickets: Tickets) -> None:
        assert await desk.open().find("imp-1:1") == RaisedChange("1", desk.url + tickets.link)

    async def test_what_is_done_by_now_is_found_too(self, desk: Desk, tickets: Tickets) -> None:
        raised = await desk.open().find("imp-1:1")
        set_states(desk, tickets.done[0])
        assert await desk.open().find("imp-1:1") == raised


class TestOutcome:
    """R119: implemented when it came into that state, by its history."""

    async def outcome(self, desk: Desk, *words: str, **changes: Any) -> ChangeOutcome | None:
        set_states(desk, *words)
        return await desk.open(**changes).outcome("1")

    async def test_it_counts_from_its_resolution(self, desk: Desk, tickets: Tickets) -> None:
        """Created in minute 0, opened in 1, resolved in 2."""
        outcome = await self.outcome(desk, tickets.opened, tickets.done[0])
        assert outcome == ChangeOutcome("implemented", after(2))

    async def test_resolved_again_it_counts_from_then(self, desk: Desk, tickets: Tickets) -> None:
        outcome = await self.outcome(desk, tickets.done[0], tickets.opened, tickets.done[0])
        assert outcome == ChangeOutcome("implemented", after(3))

    async def test_reopened_it_is_not_implemented(self, desk: Desk, tickets: Tickets) -> None:
        assert await self.outcome(desk, tickets.done[0], tickets.opened) == ChangeOutcome("accepted")

    async def test_a_state_that_the_connection_calls_implemented_counts_from_then(
        self, desk: Desk, tickets: Tickets
    ) -> None:
        states = {tickets.waiting.swapcase(): "implemented"}
        outcome = await self.outcome(desk, tickets.opened, tickets.waiting, states=states)
        assert outcome == ChangeOutcome("implemented", after(2))

    @pytest.mark.parametrize("number", ["2", "CHG1", "../users/1", "１"])
    async def test_a_number_that_is_none_is_told(self, desk: Desk, number: str) -> None:
        with pytest.raises(RemoteFailed, match=r"has no (ticket|issue)"):
            await desk.open().outcome(number)


class TestLostHistory:
    @pytest.mark.parametrize(
        ("tickets", "word"), [(SYSTEMS_OF_TICKETS[0], "resolved"), (SYSTEMS_OF_TICKETS[1], "Closed")], ids=str
    )
    async def test_its_own_field_says_when(self, desk: Desk, tickets: Tickets, word: str) -> None:
        set_states(desk, word)
        tickets.forget(desk.fake)
        assert await desk.open().outcome("1") == ChangeOutcome("implemented", after(1))


class TestCheck:
    async def test_what_is_right_is_found_right_and_nothing_is_written(self, tickets: Tickets) -> None:
        async with open_desk(tickets.case) as desk:
            findings = await desk.open(options=tickets.options).check()
        assert [found.what for found in findings] == list(tickets.checks)
        assert [found for found in findings if not found.ok] == []
        assert {asked.method for asked in desk.listener.requests} == {"GET"}

    async def test_a_wrong_secret_ends_it(self, desk: Desk) -> None:
        (found,) = await desk.open(access_secret="1-1-wrong").check()
        assert (found.what, found.ok) == ("sign in", False)
        assert "check authentication and secret" in found.detail


class TestReopen:
    """R81: what the customer says is not solved is opened again, whichever way it was ended."""

    async def reopen(self, desk: Desk, tickets: Tickets, **options: Any) -> bool:
        opener = SYSTEMS[tickets.case.name].reopener
        assert opener is not None
        access = Access(desk.url, tickets.case.authentication, tickets.case.secret)
        config = SourceConfig("desk", ZoneInfo("UTC"))
        return await opener(access, config, options).reopen("1", "not solved")

    def state(self, desk: Desk, tickets: Tickets) -> str:
        """Where it is by now, in our words."""
        record = desk.case.records(desk.fake)["1"]
        return str(record["Status"] if desk.case is REQUEST_TRACKER else record["status"]["name"])

    async def test_whatever_ended_it(self, desk: Desk, tickets: Tickets) -> None:
        for word in tickets.done:
            set_states(desk, word)
            assert await self.reopen(desk, tickets) is True
            assert self.state(desk, tickets) == tickets.opened

    async def test_what_is_open_stays_as_it_is(self, desk: Desk, tickets: Tickets) -> None:
        for word in (tickets.fresh, tickets.opened, tickets.waiting):
            set_states(desk, word)
            minutes = desk.fake.minutes
            assert await self.reopen(desk, tickets) is False
            assert (self.state(desk, tickets), desk.fake.minutes) == (word, minutes)

    async def test_the_options_name_the_state(self, desk: Desk, tickets: Tickets) -> None:
        set_states(desk, tickets.done[-1])
        assert await self.reopen(desk, tickets, status=tickets.waiting.lower()) is True
        assert self.state(desk, tickets) == tickets.waiting
