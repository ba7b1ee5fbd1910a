from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.measures.periods import is_over, month_of, months_between, next_month, previous_month

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2199, 12, 31))


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


class TestIsOver:
    @pytest.mark.parametrize(
        ("now", "over"),
        [(datetime(2016, 2, 29, 23, 59, 59, tzinfo=UTC), False), (datetime(2016, 3, 1, tzinfo=UTC), True)],
    )
    def test_with_its_last_moment(self, now: datetime, over: bool) -> None:
        assert is_over(date(2016, 2, 1), now) is over
