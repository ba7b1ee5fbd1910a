from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.clauses.outages import Downtime, Excluded, Interruption, mean_time_to_restore, measure_downtime
from shared.calendars import ALWAYS
from shared.ids import new_id
from tests.metrics.clauses.builders import OFFICE, minutes, on

FIRST, SECOND = new_id(), new_id()


def down(begin: datetime, end: datetime | None, ticket: object = FIRST) -> Interruption:
    return Interruption(ticket, begin, end)  # type: ignore[arg-type]


def measured(*interruptions: Interruption, excluded: tuple[Excluded, ...] = (), clock: str = "elapsed") -> Downtime:
    """In March 2026: 31 days, 22 of them from Monday to Friday."""
    return measure_downtime(OFFICE, clock, interruptions, excluded, on(1), on(1, month=4))  # type: ignore[arg-type]


class TestMeasureDowntime:
    """F10, R133, R179."""

    def test_a_week_down_hides_behind_a_percentage(self) -> None:
        """98 % of a year may be one whole week (R179): a week of 365 days is 98.08 %."""
        year = measure_downtime(
            ALWAYS, "elapsed", [down(on(2), on(9))], [], on(1, month=1), on(1, month=1) + timedelta(days=365)
        )
        assert year.availability == pytest.approx(1 - 7 / 365, abs=1e-12)
        assert (year.outages, year.longest_minutes) == (1, 7 * 1440)

    def test_by_the_wall_clock(self) -> None:
        """Two hours of 744: 742/744."""
        month = measured(down(on(7, 10), on(7, 12)))
        assert month.availability == 742 / 744
        assert (month.minutes, month.working_minutes) == (120, 0)

    def test_by_office_hours(self) -> None:
        """Monday 16:00 to Tuesday 10:00 takes two of 176 office hours."""
        month = measured(down(on(2, 16), on(3, 10)), clock="business")
        assert month.availability == 174 / 176
        assert (month.minutes, month.agreed_minutes, month.longest_minutes) == (120, 176 * 60, 120)

    def test_overlapping_interruptions_are_one_outage(self) -> None:
        month = measured(down(on(2, 10), on(2, 12)), down(on(2, 11), on(2, 13), SECOND), down(on(4, 9), on(4, 10)))
        assert (month.outages, month.minutes, month.longest_minutes) == (2, 240, 180)

    def test_the_worst_day(self) -> None:
        """Sunday 22:00 to Tuesday 01:00 is two hours, a day, an hour."""
        month = measured(down(on(8, 22), on(10, 1)))
        assert (month.worst_day, month.worst_day_minutes) == (date(2026, 3, 9), 1440)

    def test_what_reaches_beyond_the_month_counts_within(self) -> None:
        assert measured(down(on(28, month=2), on(1, 1))).minutes == 60
        assert measured(down(on(31, 23), None)).minutes == 60

    def test_no_agreed_time_is_no_data(self) -> None:
        weekend = measure_downtime(OFFICE, "business", [], [], on(7), on(9))
        assert weekend.availability is None

    def test_no_interruption_is_all_of_it(self) -> None:
        month = measured()
        assert (month.availability, month.outages, month.worst_day) == (1.0, 0, None)

    def test_excluded_time_leaves_the_denominator_too(self) -> None:
        """A day excluded, twelve hours of it down, and one hour on another day: 719 of 720 hours."""
        agreed = (Excluded(on(10), on(11)),)
        month = measured(down(on(10, 12), on(11)), down(on(12, 9), on(12, 10), SECOND), excluded=agreed)
        assert (month.excluded_minutes, month.minutes) == (1440, 60)
        assert month.availability == 719 / 720

    def test_time_excluded_for_one_ticket_hides_no_other_one(self) -> None:
        """10–14 by the first, excluded; 13–15 by the second stays: 120 down, 180 excluded."""
        named = (Excluded(on(10), on(11), frozenset({FIRST})),)
        month = measured(down(on(10, 10), on(10, 14)), down(on(10, 13), on(10, 15), SECOND), excluded=named)
        assert (month.minutes, month.excluded_minutes) == (120, 180)
        assert month.availability == (744 * 60 - 180 - 120) / (744 * 60 - 180)

    spans = st.tuples(st.integers(0, 2000), st.integers(0, 400)).map(lambda pair: (pair[0], pair[0] + pair[1]))

    @settings(max_examples=40)
    @given(st.lists(spans, max_size=4), st.lists(spans, max_size=3))
    def test_agrees_with_a_minute_counter(
        self, outages: list[tuple[int, int]], excluded: list[tuple[int, int]]
    ) -> None:
        begin, end = 100, 1500
        down_at = {m for first, last in outages for m in range(first, last) if begin <= m < end}
        out_at = {m for first, last in excluded for m in range(first, last) if begin <= m < end}
        left = (end - begin) - len(out_at)
        month = measure_downtime(
            OFFICE,
            "elapsed",
            [down(on(1) + minutes(first), on(1) + minutes(last)) for first, last in outages],
            [Excluded(on(1) + minutes(first), on(1) + minutes(last)) for first, last in excluded],
            on(1) + minutes(begin),
            on(1) + minutes(end),
        )
        assert month.minutes == len(down_at - out_at)
        assert month.excluded_minutes == len(out_at)
        assert month.availability == ((left - len(down_at - out_at)) / left if left else None)


def test_mean_time_to_restore_counts_from_the_fault_to_the_recovery() -> None:
    """F11, R134: one hour and three; what is still down has no time yet."""
    restored = [down(on(2, 9), on(2, 10)), down(on(3, 9), on(3, 12)), down(on(4, 9), None)]
    assert mean_time_to_restore(restored) == timedelta(hours=2)
    assert mean_time_to_restore([]) is None
