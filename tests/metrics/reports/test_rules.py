from datetime import UTC, date, datetime

import pytest

from services.metrics.reports.rules import Figures, UnsoundReport, due_at, periods_due, read_figures


class TestReadFigures:
    """R30, F5, F15: what owners hand in."""

    def test_a_proportion_is_of_its_parts(self) -> None:
        assert read_figures("proportion", None, 19, 20) == Figures(0.95, 19, 20)
        assert read_figures("proportion", 0.95, None, 20) == Figures(0.95, 19, 20)

    def test_a_count_is_its_own_n_and_a_value_is_one(self) -> None:
        assert read_figures("count", 7, None, None) == Figures(7, None, 7)
        assert read_figures("value", -3.5, None, None) == Figures(-3.5, None, 1)

    @pytest.mark.parametrize(
        ("kind", "value", "numerator", "n", "word"),
        [
            ("proportion", None, 3, None, "n:"),
            ("proportion", None, 3, 0, "at least 1"),
            ("proportion", None, 3, 2, "at most n"),
            ("proportion", 0.5, 3, 4, "0.75"),
            ("proportion", 75, None, 4, "0.75"),
            ("proportion", None, None, 4, "numerator"),
            ("duration", -1, None, None, "never"),
            ("count", 1.5, None, None, "whole"),
            ("count", None, None, None, "missing"),
            ("duration", 1, 1, 1, "proportion"),
        ],
    )
    def test_what_does_not_fit_is_told(
        self, kind: str, value: float | None, numerator: float | None, n: int | None, word: str
    ) -> None:
        with pytest.raises(UnsoundReport, match=word):
            read_figures(kind, value, numerator, n)  # type: ignore[arg-type]


class TestPeriodsDue:
    """R31: collection itself is monitored."""

    def test_ten_days_after_the_month(self) -> None:
        assert due_at("monthly", date(2026, 1, 1), 10, UTC) == datetime(2026, 2, 11, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("now", "due"),
        [
            (datetime(2026, 3, 10, 23, tzinfo=UTC), [date(2026, 1, 1)]),
            (datetime(2026, 3, 11, tzinfo=UTC), [date(2026, 2, 1), date(2026, 1, 1)]),
        ],
    )
    def test_only_periods_since_the_definition(self, now: datetime, due: list[date]) -> None:
        assert list(periods_due("monthly", date(2026, 1, 15), 10, now, UTC, 12)) == due

    def test_a_quarter_is_due_after_its_end(self) -> None:
        due = list(periods_due("quarterly", date(2025, 5, 1), 10, datetime(2026, 1, 20, tzinfo=UTC), UTC, 2))
        assert due == [date(2025, 10, 1), date(2025, 7, 1)]
