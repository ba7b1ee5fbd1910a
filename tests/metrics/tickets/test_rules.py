from datetime import UTC, date
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.tickets.rules import Change, Ticket, apply, begin, is_late, touched_periods
from shared.ticketing.facts import TicketFacts
from tests.support.tickets import at, facts


def replay(*updates: TicketFacts) -> tuple[Ticket, list[Change]]:
    ticket = begin(uuid4(), updates[0])
    changes: list[Change] = []
    for update in updates:
        ticket, brought = apply(ticket, update)
        changes += brought
    return ticket, changes


def happenings(*updates: TicketFacts) -> list[str]:
    return [change.happening for change in replay(*updates)[1]]


class TestApply:
    def test_tells_the_whole_course_of_an_incident(self) -> None:
        course = happenings(facts("new"), facts("in_progress", 1), facts("resolved", 5), facts("closed", 30))
        assert course == ["opened", "responded", "resolved", "closed"]

    def test_resolved_is_not_closed(self) -> None:
        assert "resolved" not in happenings(facts("new"), facts("closed", 5))

    def test_a_source_that_says_when_it_was_resolved_may_close_at_once(self) -> None:
        ticket, changes = replay(facts("new"), facts("closed", 5, resolved_at=at(4)))
        assert [change.happening for change in changes] == ["opened", "resolved", "closed"]
        assert ticket.resolved_at == at(4)

    def test_the_same_update_again_changes_nothing(self) -> None:
        ticket, _ = replay(facts("new"), facts("resolved", 5))
        again, changes = apply(ticket, facts("resolved", 5))
        assert (again, changes) == (ticket, [])

    def test_another_update_while_resolved_is_no_second_resolution(self) -> None:
        ticket, changes = replay(facts("new"), facts("resolved", 5), facts("resolved", 6))
        assert [change.happening for change in changes] == ["opened", "resolved"]
        assert (ticket.resolved_at, ticket.last_resolved_at) == (at(5), at(6))

    def test_each_resolution_after_a_reopen_counts(self) -> None:
        ticket, changes = replay(facts("new"), facts("resolved", 5), facts("in_progress", 6), facts("resolved", 7))
        assert [c.happening for c in changes] == ["opened", "resolved", "reopened", "responded", "resolved"]
        assert (ticket.resolution_number, ticket.reopen_count, ticket.resolved_at) == (2, 1, at(7))

    def test_a_reopen_clears_the_resolution_and_names_what_it_undid(self) -> None:
        ticket, changes = replay(facts("new"), facts("resolved", 5), facts("pending", 6))
        reopened = next(change for change in changes if change.happening == "reopened")
        assert (ticket.resolved_at, reopened.undone_at, reopened.ticket.resolution_number) == (None, at(5), 1)

    def test_a_closed_ticket_can_be_reopened(self) -> None:
        ticket, changes = replay(facts("new"), facts("resolved", 5), facts("closed", 6), facts("in_progress", 7))
        assert [change.happening for change in changes][-2:] == ["reopened", "responded"]
        assert ticket.closed_at is None

    def test_a_late_update_never_overwrites_a_newer_state(self) -> None:
        ticket, _ = replay(facts("new"), facts("resolved", 5))
        late, changes = apply(ticket, facts("in_progress", 3, priority="low"))
        assert (late, changes) == (ticket, [])

    def test_a_resolution_heard_after_the_closing_still_gets_its_callback(self) -> None:
        ticket, _ = replay(facts("new"), facts("closed", 9))
        late, changes = apply(ticket, facts("resolved", 5))
        assert [change.happening for change in changes] == ["resolved"]
        assert (late.state, late.resolved_at) == ("closed", at(5))

    def test_an_echo_of_the_reopened_instant_is_no_second_resolution(self) -> None:
        updates = (facts("new"), facts("resolved", 5), facts("in_progress", 5.5), facts("in_progress", 5.5))
        ticket, _ = replay(*updates)
        again, changes = apply(ticket, facts("resolved", 5))
        assert (again, changes) == (ticket, [])

    def test_what_the_source_leaves_out_stays(self) -> None:
        ticket, _ = replay(facts("new", service="mail", priority="high"), facts("in_progress", 1))
        assert (ticket.service, ticket.priority) == ("mail", "high")

    def test_versions_count_the_events(self) -> None:
        _, changes = replay(facts("new"), facts("resolved", 5), facts("in_progress", 6), facts("resolved", 7))
        assert [change.ticket.version for change in changes] == [1, 2, 3, 4, 5]

    @given(st.permutations(range(6)))
    def test_any_order_of_delivery_ends_in_the_newest_state(self, order: list[int]) -> None:
        course = [
            facts("new"),
            facts("in_progress", 1),
            facts("resolved", 2),
            facts("in_progress", 3),
            facts("resolved", 4),
            facts("closed", 5),
        ]
        ticket, changes = replay(*(course[index] for index in order))
        assert ticket.state == "closed"
        assert ticket.resolution_number >= 1
        assert [change.ticket.version for change in changes] == list(range(1, len(changes) + 1))

    @given(st.lists(st.sampled_from(["new", "in_progress", "pending", "resolved", "closed"]), min_size=1, max_size=12))
    def test_duplicates_anywhere_change_nothing(self, states: list[str]) -> None:
        course = [facts(state, hours) for hours, state in enumerate(states)]
        twice = [update for update in course for _ in range(2)]
        once_ticket, once = replay(*course)
        twice_ticket, doubled = replay(*twice)
        assert [(c.happening, c.at) for c in once] == [(c.happening, c.at) for c in doubled]
        assert once_ticket.resolution_number == twice_ticket.resolution_number

    @given(st.lists(st.sampled_from(["new", "in_progress", "pending", "resolved", "closed"]), min_size=1, max_size=12))
    def test_resolutions_and_reopens_alternate(self, states: list[str]) -> None:
        _, changes = replay(*(facts(state, hours) for hours, state in enumerate(states)))
        course = [change.happening for change in changes if change.happening in ("resolved", "reopened")]
        assert all(not (a == b == "resolved") for a, b in pairwise(course))


class TestIsLate:
    @pytest.mark.parametrize(
        ("hours", "number", "late"),
        [(4, 9, False), (4, 4, True), (4, None, True), (5, 4, True), (5, 5, False), (5, 6, False), (6, 1, False)],
    )
    def test_time_decides_and_the_counter_where_times_are_equal(
        self, hours: float, number: int | None, late: bool
    ) -> None:
        ticket, _ = replay(facts("new", 5, update_number=5))
        assert is_late(ticket, facts("new", hours, update_number=number)) is late


class TestTouchedPeriods:
    def test_names_the_months_before_and_after(self) -> None:
        before, _ = replay(facts("new"), facts("resolved", 5))
        after, _ = apply(before, facts("resolved", 24 * 40))
        reopened, _ = apply(after, facts("in_progress", 24 * 41))
        assert touched_periods(before, reopened, UTC, at(0)) == {
            ("opened", date(2026, 3, 1)),
            ("resolved", date(2026, 3, 1)),
        }


class TestPauses:
    """R124: detected, reported, taken up, pending, resolved: each stage has its time."""

    def test_run_from_pending_to_what_follows(self) -> None:
        ticket, _ = replay(
            facts("new"), facts("pending", 1), facts("pending", 2), facts("in_progress", 5), facts("pending", 8)
        )
        assert ticket.pauses == [[at(1).isoformat(), at(5).isoformat()], [at(8).isoformat(), None]]

    def test_end_with_the_resolution(self) -> None:
        ticket, _ = replay(facts("pending"), facts("resolved", 3))
        assert ticket.pauses == [[at(0).isoformat(), at(3).isoformat()]]

    def test_are_none_where_it_never_waited(self) -> None:
        ticket, _ = replay(facts("new"), facts("in_progress", 1), facts("resolved", 3))
        assert (ticket.pauses, ticket.responded_at, ticket.resolved_at) == (None, at(1), at(3))

    def test_the_fault_may_lie_before_the_ticket(self) -> None:
        ticket, _ = replay(facts("new", failed_at=at(-2), incident_class="interruption", due_at=at(4)))
        assert (ticket.failed_at, ticket.incident_class, ticket.due_at) == (at(-2), "interruption", at(4))
