from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.metrics.analysis.service import first_whole_period, periods_within


class TestFirstWholePeriod:
    @pytest.mark.parametrize(
        ("implemented", "settle_days", "month"),
        [
            (datetime(2016, 4, 1, tzinfo=UTC), 0, date(2016, 4, 1)),
            (datetime(2016, 4, 1, 9, tzinfo=UTC), 0, date(2016, 4, 1)),
            (datetime(2016, 4, 2, tzinfo=UTC), 0, date(2016, 5, 1)),
            (datetime(2016, 3, 28, tzinfo=UTC), 4, date(2016, 4, 1)),
            (datetime(2016, 3, 28, tzinfo=UTC), 5, date(2016, 5, 1)),
            (datetime(2015, 12, 31, tzinfo=UTC), 0, date(2016, 1, 1)),
        ],
    )
    def test_begins_on_or_after_the_day_it_settled(self, implemented: datetime, settle_days: int, month: date) -> None:
        assert first_whole_period("monthly", implemented, settle_days, UTC) == month

    def test_the_day_is_that_of_the_installations_zone(self) -> None:
        evening = datetime(2016, 3, 31, 20, tzinfo=UTC)
        assert first_whole_period("monthly", evening, 1, UTC) == date(2016, 4, 1)
        assert first_whole_period("monthly", evening, 1, ZoneInfo("Asia/Shanghai")) == date(2016, 5, 1)

    def test_quarters_and_years(self) -> None:
        assert first_whole_period("quarterly", datetime(2016, 4, 2, tzinfo=UTC), 0, UTC) == date(2016, 7, 1)
        assert first_whole_period("yearly", datetime(2016, 1, 1, tzinfo=UTC), 0, UTC) == date(2016, 1, 1)


class TestPeriodsWithin:
    def test_the_same_frequency_is_the_same_periods(self) -> None:
        months = [date(2016, 1, 1), date(2016, 3, 1)]
        assert periods_within("monthly", "monthly", months) == months

    def test_a_quarter_has_its_months(self) -> None:
        assert periods_within("monthly", "quarterly", [date(2016, 4, 1)]) == [
            date(2016, month, 1) for month in (4, 5, 6)
        ]

    def test_only_whole_quarters_lie_in_months(self) -> None:
        months = [date(2016, month, 1) for month in (1, 2, 3, 4, 6)]
        assert periods_within("quarterly", "monthly", months) == [date(2016, 1, 1)]

    def test_nothing_lies_in_nothing(self) -> None:
        assert periods_within("monthly", "monthly", []) == []
