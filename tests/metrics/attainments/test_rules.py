from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.metrics.attainments.rules import (
    Clocked,
    Figure,
    Window,
    judge_count,
    judge_frequency,
    judge_fulfilment,
    judge_outages,
    judge_tickets,
    stand,
    window_of,
)
from services.metrics.clauses.outages import Excluded, Interruption
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, FulfilmentTerms, TimeTerms
from shared.calendars import ALWAYS
from shared.ids import new_id
from tests.metrics.clauses.builders import OFFICE, clause, on

RESOLUTION = TimeTerms(kind="time", what="resolution", within_minutes=240, attainment=0.9)
MARCH = Window(on(1), on(1, month=4), on(1, month=4), True, False)
FIRST, SECOND = new_id(), new_id()


def until(moment: datetime) -> Window:
    """March as far as it has come."""
    return Window(MARCH.begin, MARCH.end, moment, False, False)


class TestWindowOf:
    """R113: a period of the agreement, in the installation's zone, as far as the clause counts in it."""

    def test_a_whole_month(self) -> None:
        window = window_of(clause(RESOLUTION), date(2026, 3, 1), on(10), UTC)
        assert (window.begin, window.end, window.until, window.over) == (on(1), on(1, month=4), on(10), False)

    def test_begins_and_ends_with_the_agreement(self) -> None:
        mine = clause(RESOLUTION, effective_from=date(2026, 3, 16), effective_to=date(2026, 4, 15))
        march = window_of(mine, date(2026, 3, 1), on(1, month=5), UTC)
        april = window_of(mine, date(2026, 4, 1), on(1, month=5), UTC)
        assert (march.begin, march.end, march.is_last) == (on(16), on(1, month=4), False)
        assert (april.begin, april.end, april.is_last, april.over) == (on(1, month=4), on(16, month=4), True, True)

    def test_in_the_installations_zone(self) -> None:
        window = window_of(clause(RESOLUTION), date(2026, 3, 1), on(10), ZoneInfo("Asia/Shanghai"))
        assert (window.begin, window.end) == (on(28, 16, month=2), on(31, 16))

    def test_a_month_in_which_the_clocks_go_forward_has_an_hour_less(self) -> None:
        window = window_of(clause(RESOLUTION), date(2026, 3, 1), on(2, month=4), ZoneInfo("Europe/Berlin"))
        terms = TimeTerms(kind="time", what="availability", attainment=0.99, clock="elapsed")
        assert judge_outages(terms, ALWAYS, [], [], window).details["agreed_minutes"] == 743 * 60

    def test_a_quarter(self) -> None:
        mine = clause(RESOLUTION, settled_by="quarterly")
        window = window_of(mine, date(2026, 1, 1), on(1, month=4), UTC)
        assert (window.begin, window.end, window.over) == (on(1, month=1), on(1, month=4), True)


class TestJudgeTickets:
    """R164, R168: Monday 9:00, four office hours: due at 13:00."""

    def missed(self, stopped: datetime | None = on(2, 14), ticket: Any = FIRST) -> Clocked:
        return Clocked(ticket, on(2, 9), stopped, [], False)

    def judge(
        self, met: int, n: int, affected: list[Clocked], *excluded: Excluded, now: datetime = on(1, month=4)
    ) -> Any:
        return judge_tickets(RESOLUTION, OFFICE, met, n, affected, excluded, MARCH, now)

    def test_the_share_of_those_in_time(self) -> None:
        """F3: 18 of 20."""
        outcome = self.judge(18, 20, [])
        assert (outcome.raw, outcome.adjusted) == (Figure(0.9, 20, 18.0), Figure(0.9, 20, 18.0))
        assert outcome.verdict == "kept"
        assert self.judge(17, 20, []).verdict == "missed"

    def test_excluded_time_does_not_run(self) -> None:
        """Stopped an hour late, and an hour of it is excluded: in time."""
        outcome = self.judge(17, 20, [self.missed()], Excluded(on(2, 10), on(2, 11)))
        assert (outcome.raw.value, outcome.adjusted.value, outcome.excluded) == (0.85, 0.9, 1.0)
        assert outcome.verdict == "kept"

    def test_not_enough_excluded_time_changes_nothing(self) -> None:
        outcome = self.judge(17, 20, [self.missed()], Excluded(on(2, 10), on(2, 10, 59)))
        assert (outcome.adjusted.value, outcome.excluded) == (0.85, 0.0)

    def test_time_excluded_for_one_ticket_is_not_for_another(self) -> None:
        named = Excluded(on(2, 10), on(2, 11), frozenset({FIRST}))
        outcome = self.judge(0, 2, [self.missed(), self.missed(ticket=SECOND)], named)
        assert outcome.adjusted == Figure(0.5, 2, 1.0)

    def test_what_is_undecided_without_it_is_left_out(self) -> None:
        """Open since Monday, all of it excluded: neither met nor missed."""
        outcome = self.judge(9, 10, [self.missed(None)], Excluded(on(2, 9), on(1, month=4)), now=on(1, month=4))
        assert outcome.adjusted == Figure(1.0, 9, 9.0)

    def test_no_ticket_is_no_data(self) -> None:
        """Neither 0 nor 100 %."""
        outcome = self.judge(0, 0, [])
        assert (outcome.adjusted, outcome.verdict) == (Figure(None, 0), "no_data")


class TestJudgeOutages:
    """R133, R164, R179, F10."""

    availability = TimeTerms(kind="time", what="availability", attainment=0.99, clock="elapsed")

    def down(self, hours: float, day: int = 2) -> Interruption:
        return Interruption(new_id(), on(day, 9), on(day, 9) + timedelta(hours=hours))

    def test_raw_and_adjusted_side_by_side(self) -> None:
        """8 of 744 hours are 98.92 %; with 1 of them excluded 7 of 743 are 99.06 %."""
        excluded = [Excluded(on(2, 9), on(2, 10))]
        outcome = judge_outages(self.availability, ALWAYS, [self.down(8)], excluded, MARCH)
        assert (outcome.raw.value, outcome.adjusted.value) == (736 / 744, 736 / 743)
        assert (outcome.excluded, outcome.verdict) == (60, "kept")
        assert judge_outages(self.availability, ALWAYS, [self.down(8)], [], MARCH).verdict == "missed"

    def test_one_long_outage_misses_whatever_the_sum(self) -> None:
        """R179: 99 % is kept with seven hours, but not by one that may last four at most."""
        terms = self.availability.model_copy(update={"longest_minutes": 240})
        assert judge_outages(terms, ALWAYS, [self.down(7)], [], MARCH).verdict == "missed"
        many = [self.down(3.5, 2), self.down(3.5, 3)]
        outcome = judge_outages(terms, ALWAYS, many, [], MARCH)
        assert (outcome.verdict, outcome.details["longest_outage_minutes"], outcome.details["outages"]) == (
            "kept",
            210,
            2,
        )

    def test_minutes_of_interruption(self) -> None:
        terms = TimeTerms(kind="time", what="downtime", within_minutes=60, clock="elapsed")
        assert judge_outages(terms, ALWAYS, [self.down(1)], [], MARCH).verdict == "kept"
        outcome = judge_outages(terms, ALWAYS, [self.down(1.5)], [], MARCH)
        assert (outcome.adjusted.value, outcome.verdict) == (90, "missed")

    def test_early_in_the_month_only_what_the_whole_month_allows_is_a_miss(self) -> None:
        """Down for 2 of the first 48 hours is 96 %, but 1 % of March is 446.4 minutes."""
        outcome = judge_outages(self.availability, ALWAYS, [self.down(2)], [], until(on(3)))
        assert outcome.adjusted.value == 46 / 48
        assert (outcome.verdict, outcome.used) == ("open", 120)
        assert outcome.allowed == pytest.approx(446.4)
        assert judge_outages(self.availability, ALWAYS, [self.down(7.5)], [], until(on(3))).verdict == "missed"

    def test_no_agreed_time_is_no_data(self) -> None:
        terms = self.availability.model_copy(update={"clock": "business"})
        weekend = Window(on(7), on(9), on(9), True, False)
        assert judge_outages(terms, OFFICE, [], [], weekend).verdict == "no_data"

    def test_a_month_without_outage_has_data(self) -> None:
        assert judge_outages(self.availability, ALWAYS, [], [], MARCH).adjusted == Figure(1.0, 1)

    def test_is_at_risk_when_most_is_used_up(self) -> None:
        outcome = judge_outages(self.availability, ALWAYS, [self.down(6)], [], until(on(10)))
        assert stand(self.availability, outcome, on(10)) == "at_risk"


class TestJudgeCount:
    """R135, R165, F12."""

    at_most = CountTerms(kind="count", counts="incidents", at_most=2)
    users = CountTerms(kind="count", counts="reported", at_most=100)
    engineers = CountTerms(kind="count", counts="reported", at_least=3)

    def test_incidents_of_the_period(self) -> None:
        three = [(on(day), 1.0, new_id()) for day in (2, 3, 4)]
        outcome = judge_count(self.at_most, three, [Excluded(on(3), on(4))], MARCH)
        assert (outcome.raw.value, outcome.adjusted.value, outcome.excluded) == (3.0, 2.0, 1.0)
        assert outcome.verdict == "kept"
        assert judge_count(self.at_most, three, [], MARCH).verdict == "missed"

    def test_none_is_zero_and_kept(self) -> None:
        assert judge_count(self.at_most, [], [], MARCH).adjusted.value == 0

    def test_the_worst_of_what_was_reported(self) -> None:
        peaks = [(on(2), 90.0, None), (on(3), 120.0, None), (on(4), 80.0, None)]
        outcome = judge_count(self.users, peaks, [Excluded(on(3), on(3, 1))], MARCH)
        assert (outcome.raw.value, outcome.adjusted.value, outcome.verdict) == (120.0, 90.0, "kept")
        fewest = judge_count(self.engineers, [(on(2), 4.0, None), (on(3), 2.0, None)], [], MARCH)
        assert (fewest.adjusted.value, fewest.verdict) == (2.0, "missed")

    def test_nothing_reported_is_no_data(self) -> None:
        assert judge_count(self.users, [], [], MARCH).verdict == "no_data"

    def test_too_many_is_a_miss_before_the_end(self) -> None:
        three = [(on(day), 1.0, new_id()) for day in (2, 3, 4)]
        assert judge_count(self.at_most, three, [], until(on(10))).verdict == "missed"
        assert judge_count(self.at_most, three[:2], [], until(on(10))).verdict == "open"


class TestJudgeFrequency:
    """R166."""

    backup = FrequencyTerms(kind="frequency", every_minutes=2880, tolerance_minutes=60)

    def test_names_the_missed_intervals(self) -> None:
        days = [on(day) for day in (1, 3, 6, 8)] + [on(day) for day in range(10, 32, 2)] + [on(31)]
        outcome = judge_frequency(self.backup, days, [], MARCH)
        assert (outcome.adjusted.value, outcome.verdict) == (1.0, "missed")
        assert outcome.details["missed_intervals"] == [[on(3).isoformat(), on(6).isoformat()]]

    def test_within_the_tolerance_is_none(self) -> None:
        days = [on(day, 1 if day % 4 else 0) for day in range(1, 32, 2)]
        assert judge_frequency(self.backup, days, [], MARCH).verdict == "kept"

    def test_is_a_miss_before_the_end(self) -> None:
        assert judge_frequency(self.backup, [on(1)], [], until(on(3))).verdict == "open"
        assert judge_frequency(self.backup, [on(1)], [], until(on(3, 2))).verdict == "missed"

    def test_is_at_risk_before_it_runs_out(self) -> None:
        outcome = judge_frequency(self.backup, [on(1)], [], until(on(2, 20)))
        assert outcome.due_at == on(3, 1)
        assert stand(self.backup, outcome, on(2, 20)) == "at_risk"
        assert stand(self.backup, judge_frequency(self.backup, [on(1)], [], until(on(2))), on(2)) == "on_track"


class TestJudgeFulfilment:
    """R167: fulfilled with evidence by its due date."""

    training = FulfilmentTerms(kind="clause", statement="Users are trained", due_on=date(2026, 3, 20))
    due = on(21)

    def judge(self, *fulfilled: datetime, window: Window = MARCH, excluded: tuple[Excluded, ...] = ()) -> Any:
        return judge_fulfilment(self.training, fulfilled, excluded, window, on(1, month=1), self.due)

    def test_on_its_day_is_in_time(self) -> None:
        assert self.judge(on(20)).verdict == "kept"
        assert self.judge(on(10, month=2)).adjusted == Figure(1.0, 1, 1.0)

    def test_the_day_after_is_late(self) -> None:
        assert (self.judge(on(21)).verdict, self.judge().verdict) == ("missed", "missed")

    def test_other_periods_have_nothing_to_judge(self) -> None:
        april = Window(on(1, month=4), on(1, month=5), on(1, month=5), True, False)
        assert self.judge(window=april).verdict == "no_data"

    def test_is_open_until_it_is_due(self) -> None:
        assert self.judge(window=until(on(20))).verdict == "open"
        assert self.judge(window=until(on(22))).verdict == "missed"

    def test_a_due_date_in_excluded_time_moves_to_its_end(self) -> None:
        excluded = (Excluded(on(18), on(25)),)
        late = self.judge(on(24), excluded=excluded)
        assert (late.raw.value, late.adjusted.value, late.excluded) == (0.0, 1.0, 1.0)
        assert self.judge(on(26), excluded=excluded).verdict == "missed"

    def test_excluded_beyond_the_period_leaves_nothing_to_judge(self) -> None:
        every = FulfilmentTerms(kind="clause", statement="A report in every period")
        outcome = judge_fulfilment(every, [], [Excluded(on(30), on(3, month=4))], MARCH, on(1), on(1, month=4))
        assert (outcome.raw.value, outcome.adjusted.value, outcome.verdict) == (0.0, None, "no_data")
