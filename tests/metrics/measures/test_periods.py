from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.measures.periods import (
    Frequency,
    is_over,
    local_day,
    month_of,
    months_apart,
    months_between,
    months_of,
    name_of,
    next_month,
    next_period,
    period_of,
    periods_between,
    previous_month,
    previous_period,
    starts_at,
)

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2199, 12, 31))
frequencies: st.SearchStrategy[Frequency] = st.sampled_from(["monthly", "quarterly", "yearly"])
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


class TestNextMonth:
    @given(days)
    def test_is_undone_by_the_previous(self, day: date) -> None:
        month = month_of(day)
        assert previous_month(next_month(month)) == month
        assert next_month(month).day == 1
        assert 28 <= (next_month(month) - month).days <= 31


class TestMonthsBetween:
    def test_includes_both_ends_across_a_year(self) -> None:
        months = list(months_between(date(2015, 11, 30), date(2016, 2, 1)))
        assert months == [date(2015, 11, 1), date(2015, 12, 1), date(2016, 1, 1), date(2016, 2, 1)]


class TestPeriodOf:
    @pytest.mark.parametrize(
        ("frequency", "day", "start", "end", "name"),
        [
            ("monthly", date(2024, 2, 29), date(2024, 2, 1), date(2024, 3, 1), "2024-02"),
            ("quarterly", date(2024, 3, 31), date(2024, 1, 1), date(2024, 4, 1), "2024-Q1"),
            ("quarterly", date(2024, 11, 30), date(2024, 10, 1), date(2025, 1, 1), "2024-Q4"),
            ("yearly", date(2024, 12, 31), date(2024, 1, 1), date(2025, 1, 1), "2024"),
        ],
    )
    def test_worked_examples(self, frequency: Frequency, day: date, start: date, end: date, name: str) -> None:
        assert (period_of(frequency, day), next_period(frequency, start), name_of(frequency, start)) == (
            start,
            end,
            name,
        )

    @given(frequencies, days)
    def test_periods_tile_the_calendar(self, frequency: Frequency, day: date) -> None:
        start = period_of(frequency, day)
        end = next_period(frequency, start)
        assert start <= day < end
        assert previous_period(frequency, end) == start
        assert months_apart(start, end) == months_of(frequency)
        assert list(periods_between(frequency, day, end)) == [start, end]


class TestStartsAt:
    def test_a_month_begins_at_the_zones_midnight(self) -> None:
        """R68: a month is the installation's own, not Greenwich's."""
        assert starts_at(date(2026, 3, 1), SHANGHAI) == datetime(2026, 2, 28, 16, tzinfo=UTC)
        assert local_day(datetime(2026, 2, 28, 16, tzinfo=UTC), SHANGHAI) == date(2026, 3, 1)

    def test_a_month_with_a_clock_change_is_an_hour_shorter(self) -> None:
        length = starts_at(date(2026, 4, 1), BERLIN) - starts_at(date(2026, 3, 1), BERLIN)
        assert length.total_seconds() == (31 * 24 - 1) * 3600


class TestIsOver:
    @pytest.mark.parametrize(
        ("now", "over"),
        [(datetime(2016, 2, 29, 15, 59, 59, tzinfo=UTC), False), (datetime(2016, 2, 29, 16, tzinfo=UTC), True)],
    )
    def test_with_its_last_moment(self, now: datetime, over: bool) -> None:
        assert is_over(date(2016, 3, 1), now, SHANGHAI) is over
