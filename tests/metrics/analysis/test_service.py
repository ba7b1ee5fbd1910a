from datetime import UTC, date, datetime

import pytest

from services.metrics.analysis.service import first_whole_month


class TestFirstWholeMonth:
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
        assert first_whole_month(implemented, settle_days) == month
