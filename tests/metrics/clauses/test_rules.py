from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.clauses.rules import (
    Pause,
    case_of,
    concerns,
    due_at,
    elapsed,
    read_pauses,
    read_timer,
    stop_of,
    write_pauses,
)
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, TimeTerms
from shared.calendars import ALWAYS, Calendar
from tests.metrics.clauses.builders import OFFICE, clause, minutes, on, ticket
from tests.support.tickets import MONDAY, at

BERLIN = Calendar("Europe/Berlin", (((time(8), time(12)), (time(13), time(17))),) * 5 + ((), ()))
FOUR_HOURS = TimeTerms(kind="time", what="resolution", within_minutes=240, attainment=0.95)


def counted(calendar: Calendar, moment: datetime) -> bool:
    """Whether this minute is worked, by the wall clock of the calendar's zone."""
    local = moment.astimezone(ZoneInfo(calendar.zone))
    return any(
        begin <= local.time() and (local.time() < end or end == time(0))
        for begin, end in calendar.week[local.weekday()]
    )


def count_minutes(calendar: Calendar, start: datetime, end: datetime, pauses: list[Pause]) -> int:
    """Minute by minute, the plain way."""
    total = 0
    while start < end:
        paused = any(begin <= start and (last is None or start < last) for begin, last in pauses)
        total += counted(calendar, start) and not paused
        start += minutes(1)
    return total


moments = st.integers(0, 4 * 1440).map(lambda minute: datetime(2026, 3, 27, tzinfo=UTC) + minutes(minute))
"""From a Friday to a Monday: Berlin sets its clocks forward on Sunday 2026-03-29."""
pauses = st.lists(
    st.tuples(moments, st.integers(0, 900)).map(lambda pair: (pair[0], pair[0] + minutes(pair[1]))), max_size=3
)


class TestElapsed:
    """R112, R164: time by the agreement's calendar, or by the wall clock, without pauses."""

    def test_a_weekend_does_not_count(self) -> None:
        """Friday 16:00 to Monday 10:00 by office hours: one hour and one hour."""
        assert elapsed(OFFICE, "business", on(6, 16), on(9, 10), []) == timedelta(hours=2)

    def test_the_wall_clock_counts_all_of_it(self) -> None:
        assert elapsed(OFFICE, "elapsed", on(6, 16), on(9, 10), []) == timedelta(hours=66)

    def test_pending_time_does_not_count_and_once_only(self) -> None:
        """Monday 9:00 to 17:00 with pending 10–12, 11–13 and since 16: 8 − 3 − 1 hours."""
        pending: list[Pause] = [(on(2, 10), on(2, 12)), (on(2, 11), on(2, 13)), (on(2, 16), None)]
        assert elapsed(OFFICE, "business", on(2, 9), on(2, 17), pending) == timedelta(hours=4)

    @settings(max_examples=40)
    @given(moments, moments, pauses)
    def test_agrees_with_a_minute_counter_over_a_clock_change(
        self, start: datetime, end: datetime, pending: list[Pause]
    ) -> None:
        expected = count_minutes(BERLIN, start, end, pending)
        assert elapsed(BERLIN, "business", start, end, pending) == minutes(expected)


class TestDueAt:
    """R112: the first moment by which the time has run."""

    def test_runs_over_the_night(self) -> None:
        """Monday 15:00 and four office hours: two today, two tomorrow."""
        assert due_at(OFFICE, "business", on(2, 15), timedelta(hours=4), []) == on(3, 11)

    def test_moves_by_what_was_paused(self) -> None:
        assert due_at(OFFICE, "business", on(2, 9), timedelta(hours=2), [(on(2, 10), on(2, 12))]) == on(2, 13)

    def test_is_not_known_while_a_pause_lasts(self) -> None:
        assert due_at(OFFICE, "business", on(2, 9), timedelta(hours=2), [(on(2, 10), None)]) is None

    def test_is_known_where_the_time_ran_out_before_the_pause(self) -> None:
        assert due_at(OFFICE, "business", on(2, 9), timedelta(hours=1), [(on(2, 10), None)]) == on(2, 10)

    def test_a_calendar_that_never_opens_is_never_due(self) -> None:
        assert due_at(Calendar("UTC", ((),) * 7), "business", on(2, 9), timedelta(hours=1), []) is None

    @settings(max_examples=40)
    @given(moments, st.integers(1, 600), pauses)
    def test_is_the_first_moment_at_which_so_much_has_elapsed(
        self, start: datetime, limit: int, pending: list[Pause]
    ) -> None:
        due = due_at(BERLIN, "business", start, minutes(limit), pending)
        assert due is not None
        assert count_minutes(BERLIN, start, due, pending) == limit
        assert count_minutes(BERLIN, start, due - minutes(1), pending) == limit - 1


class TestReadTimer:
    """R58, R86, R112: four hours to resolve, by office hours; at risk after 80 %."""

    def read(self, stopped: datetime | None = None, now: datetime = on(2, 10), **given_: object) -> object:
        return read_timer(FOUR_HOURS, OFFICE, on(2, 9), stopped, given_.pop("pauses", []), now, **given_)  # type: ignore[arg-type]

    def test_is_due_after_its_time_and_at_risk_before(self) -> None:
        reading = self.read()
        assert (reading.state, reading.due_at, reading.at_risk_at) == ("on_track", on(2, 13), on(2, 12, 12))  # type: ignore[attr-defined]

    def test_what_stops_at_the_deadline_is_in_time(self) -> None:
        reading = self.read(on(2, 13))
        assert (reading.state, reading.decided_at, reading.elapsed_minutes) == ("met", on(2, 13), 240)  # type: ignore[attr-defined]

    def test_what_stops_later_missed_at_the_deadline(self) -> None:
        """The verdict fell when the promise was broken, not when somebody was done at last."""
        reading = self.read(on(4, 9))
        assert (reading.state, reading.decided_at) == ("missed", on(2, 13))  # type: ignore[attr-defined]

    def test_is_paused_without_a_deadline_while_pending(self) -> None:
        reading = self.read(pauses=[(on(2, 9, 30), None)])
        assert (reading.paused, reading.due_at, reading.state) == (True, None, "on_track")  # type: ignore[attr-defined]

    def test_the_night_after_the_deadline_is_late_though_no_working_time_passes(self) -> None:
        evening = TimeTerms(kind="time", what="resolution", within_minutes=480, attainment=0.9)
        assert read_timer(evening, OFFICE, on(2, 9), on(2, 20), [], on(3, 9)).state == "missed"

    @pytest.mark.parametrize(("before", "now"), [("breached", on(2, 14)), ("at_risk", on(2, 12, 30))])
    def test_keeps_what_it_was_called_while_that_is_so(self, before: str, now: datetime) -> None:
        assert self.read(now=now, before=before).state == before  # type: ignore[attr-defined]

    def test_a_deadline_that_moved_lifts_the_breach(self) -> None:
        reading = self.read(now=on(2, 14), before="breached", pauses=[(on(2, 9), on(2, 13))])
        assert (reading.state, reading.decided_at) == ("on_track", None)  # type: ignore[attr-defined]


class TestConcerns:
    """Which tickets a clause speaks of (R110, R123)."""

    day = date(2026, 3, 2)

    def test_the_customers_incident_in_the_term(self) -> None:
        mine = clause(FOUR_HOURS)
        assert concerns(mine, ticket(), self.day)
        assert not concerns(mine, ticket(customer="other"), self.day)
        assert not concerns(mine, ticket(kind="request"), self.day)
        assert not concerns(mine, ticket("cancelled", 1), self.day)
        assert not concerns(mine, ticket(), date(2027, 1, 1))

    def test_services_and_priorities(self) -> None:
        terms = FOUR_HOURS.model_copy(update={"priorities": ("P1",)})
        mine = clause(terms, services=frozenset({"mail"}))
        assert concerns(mine, ticket(service="mail", priority="P1"), self.day)
        assert not concerns(mine, ticket(service="mail", priority="P2"), self.day)
        assert not concerns(mine, ticket(service="print", priority="P1"), self.day)
        own = clause(terms.model_copy(update={"services": ("print",)}), services=frozenset({"mail", "print"}))
        assert not concerns(own, ticket(service="mail", priority="P1"), self.day)

    def test_only_interruptions_take_availability(self) -> None:
        """R123, R133."""
        mine = clause(TimeTerms(kind="time", what="availability", attainment=0.99))
        assert concerns(mine, ticket(incident_class="interruption"), self.day)
        assert not concerns(mine, ticket(incident_class="degradation"), self.day)

    def test_a_project_of_its_own(self) -> None:
        """R76."""
        mine = clause(FOUR_HOURS, project="move")
        assert concerns(mine, ticket(project="move"), self.day)
        assert not concerns(mine, ticket(), self.day)

    def test_a_backup_is_a_ticket_of_its_category(self) -> None:
        mine = clause(FrequencyTerms(kind="frequency", every_minutes=2880, category="backup"))
        assert concerns(mine, ticket(kind="request", category="backup"), self.day)
        assert not concerns(mine, ticket(category="disk"), self.day)


class TestCaseOf:
    def test_an_interruption_begins_with_the_fault_and_ends_with_the_restoration(self) -> None:
        """R134: restored is resolved, not responded; the fault may lie before the ticket."""
        mine = clause(TimeTerms(kind="time", what="downtime", within_minutes=60))
        down = ticket("resolved", 3, incident_class="interruption", failed_at=at(-1))
        assert case_of(mine, down) == (at(-1), at(3))
        assert case_of(mine, ticket("in_progress", 3)) == (MONDAY, None)

    def test_an_incident_counts_when_it_was_opened(self) -> None:
        """F12, R135."""
        mine = clause(CountTerms(kind="count", counts="incidents", at_most=3))
        assert case_of(mine, ticket("resolved", 5)) == (MONDAY, MONDAY)

    def test_an_occurrence_is_one_when_it_was_resolved(self) -> None:
        mine = clause(FrequencyTerms(kind="frequency", every_minutes=2880, category="backup"))
        assert case_of(mine, ticket("resolved", 5)) == (at(5), at(5))
        assert case_of(mine, ticket("in_progress", 5)) is None


class TestStopOf:
    def test_the_first_response_or_the_resolution(self) -> None:
        response = TimeTerms(kind="time", what="response", within_minutes=30, attainment=0.9)
        taken_up = ticket("in_progress", 1)
        assert (stop_of(response, taken_up), stop_of(FOUR_HOURS, taken_up)) == (at(1), None)
        assert stop_of(FOUR_HOURS, ticket("resolved", 2)) == at(2)


def test_pauses_are_kept_in_order_and_joined() -> None:
    kept = write_pauses([(on(2, 12), None), (on(2, 9), on(2, 10)), (on(2, 10), on(2, 11)), (on(2, 13), on(2, 14))])
    assert read_pauses(kept) == [(on(2, 9), on(2, 11)), (on(2, 12), None)]
    assert read_pauses(None) == []


def test_the_wall_clock_has_no_weekend() -> None:
    assert due_at(OFFICE, "elapsed", on(6, 16), timedelta(hours=24), []) == on(7, 16)
    assert due_at(ALWAYS, "business", on(6, 16), timedelta(hours=24), []) == on(7, 16)
