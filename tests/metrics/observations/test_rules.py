from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.observations.flags import find_flags
from services.metrics.observations.rules import (
    Computed,
    combine,
    forecast_year,
    needed_rest,
    summarise_outages,
)

BERLIN = ZoneInfo("Europe/Berlin")


def proportion(numerator: int, n: int) -> Computed:
    return Computed("all", numerator / n if n else None, float(numerator) if n else None, n)


class TestCombine:
    @given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
    def test_a_proportion_is_that_of_all_cases_not_a_mean_of_months(self, parts: list[tuple[int, int]]) -> None:
        months = [proportion(min(a, b), b) for a, b in parts]
        made, n = sum(min(a, b) for a, b in parts), sum(b for _, b in parts)
        combined = combine("proportion", "mean", months)
        if n == 0:
            assert combined is None
        else:
            assert combined is not None
            assert (combined.value, combined.n) == (pytest.approx(made / n), n)

    def test_means_weigh_by_their_cases_and_medians_do_not_add_up(self) -> None:
        months = [Computed("all", 2.0, None, 10), Computed("all", 5.0, None, 30), Computed("all", None, None, 0)]
        combined = combine("duration", "mean", months)
        assert combined is not None
        assert combined.value == 4.25
        assert combine("duration", "median", months) is None
        assert combine("value", "mean", months) is None


class TestYear:
    """R78: the annual target, year to date and forecast."""

    def test_a_count_grows_in_proportion_and_a_rate_stays(self) -> None:
        assert forecast_year("count", Computed("all", 90.0, None, 90), 3, 12) == 360
        assert forecast_year("proportion", proportion(30, 40), 3, 12) == 0.75
        assert forecast_year("proportion", None, 0, 12) is None

    def test_the_rest_must_make_up_for_what_is_behind(self) -> None:
        """Half a year at 70 % with 80 % asked: the other half must reach 90 %."""
        assert needed_rest("proportion", proportion(70, 100), 6, 12, 0.8) == pytest.approx(0.9)
        assert needed_rest("count", Computed("all", 90.0, None, 90), 3, 12, 100.0) == 10
        assert needed_rest("proportion", proportion(70, 100), 12, 12, 0.8) is None


class TestSummariseOutages:
    """R179: averages hide harm."""

    def test_two_weeks_apart_and_one_week_long_are_told_apart(self) -> None:
        start = datetime(2026, 3, 2, tzinfo=UTC)
        week = summarise_outages("2026-03", [(start, start + timedelta(days=7))], UTC)
        many = summarise_outages(
            "2026-03", [(start + timedelta(days=d), start + timedelta(days=d, hours=24)) for d in range(0, 14, 2)], UTC
        )
        assert (week.lost_hours, many.lost_hours) == (168, 168)
        assert (week.count, week.longest_hours, many.count, many.longest_hours) == (1, 168, 7, 24)

    def test_the_worst_day_is_a_local_one_and_may_have_23_hours(self) -> None:
        """Berlin's 29 March 2026 lacks the hour from two to three."""
        span = (datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC))
        told = summarise_outages("2026-03", [span], BERLIN)
        assert (told.worst_day, told.worst_day_hours) == (date(2026, 3, 29), 23)
        assert told.lost_hours == 25

    def test_none_is_none(self) -> None:
        told = summarise_outages("2026-03", [], UTC)
        assert (told.count, told.worst_day, told.lost_hours) == (0, None, 0)


class TestFindFlags:
    def test_says_what_a_reader_ought_to_know(self) -> None:
        """R142: data are clean, or it is said how they are not."""
        assert find_flags(10, 0, provisional=False, revision=1) == ()
        assert find_flags(10, 3, provisional=True, revision=1) == ("incomplete", "provisional")
        assert find_flags(3, 3, provisional=False, revision=2) == ("mostly_missing", "restated")
        assert find_flags(0, 0, provisional=False, revision=1) == ("no_data",)
