from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.satisfaction.callbacks.figures import rules


class TestComputeCoverage:
    def test_no_denominator_is_no_data(self) -> None:
        assert rules.compute_coverage(0, 0, 0) is None
        assert rules.compute_coverage(0, 4, 4) is None

    @given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
    def test_the_cancelled_are_no_part_of_it(self, on_time: int, missed: int, cancelled: int) -> None:
        coverage = rules.compute_coverage(on_time, on_time + missed + cancelled, cancelled)
        if on_time + missed == 0:
            assert coverage is None
        else:
            assert coverage == on_time / (on_time + missed)


class TestComputeSatisfaction:
    def test_nobody_is_no_data(self) -> None:
        assert rules.compute_satisfaction([0, 0, 0, 0, 0]) == (0, 0, None, None)

    def test_by_hand(self) -> None:
        """F4: 4 and 5 are satisfied: 3 of 6; the mean is (1 + 3 + 3 + 4 + 5 + 5) / 6 = 21 / 6."""
        assert rules.compute_satisfaction([1, 0, 2, 1, 2]) == (6, 3, 0.5, 3.5)

    @given(st.lists(st.integers(1, 5), min_size=1, max_size=60))
    def test_as_counted_one_by_one(self, scores: list[int]) -> None:
        """F4."""
        n, satisfied, csat, mean = rules.compute_satisfaction([scores.count(score) for score in range(1, 6)])
        assert (n, satisfied) == (len(scores), len([score for score in scores if score > 3]))
        assert csat == pytest.approx(satisfied / n)
        assert mean == pytest.approx(sum(scores) / n)


class TestListMonths:
    def test_begin_at_the_zones_midnight(self) -> None:
        """31 January 20:00 UTC is February in Shanghai."""
        months = rules.list_months(
            datetime(2026, 1, 31, 20, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC), "Asia/Shanghai"
        )
        assert months == [
            datetime(2026, 1, 31, 16, tzinfo=UTC),
            datetime(2026, 2, 28, 16, tzinfo=UTC),
            datetime(2026, 3, 31, 16, tzinfo=UTC),
        ]
        assert [rules.name_month(month, "Asia/Shanghai") for month in months] == ["2026-02", "2026-03", "2026-04"]

    def test_across_a_year_and_a_clock_change(self) -> None:
        months = rules.list_months(datetime(2025, 12, 5, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC), "Europe/Berlin")
        assert [month.isoformat() for month in months] == [
            "2025-11-30T23:00:00+00:00",
            "2025-12-31T23:00:00+00:00",
            "2026-01-31T23:00:00+00:00",
            "2026-02-28T23:00:00+00:00",
            "2026-03-31T22:00:00+00:00",
        ]
