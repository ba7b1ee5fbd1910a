from datetime import date

from services.metrics.observations.rules import Computed
from services.metrics.segments.rules import Point, tell_segments_apart

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
SEGMENTS = {"bank": "key", "harbour": "key", "school": "public", "silent": "public"}


def told(
    customer: str, period: date, value: float | None, n: int, numerator: float | None = None
) -> tuple[str, date, Computed]:
    return customer, period, Computed(f"customer={customer}", value, numerator, n)


class TestTellSegmentsApart:
    """R204."""

    def test_shares_add_up_by_their_cases(self) -> None:
        """10 of 10 and 45 of 90 make 55 of 100; the mean of both shares would be 0.75."""
        points = tell_segments_apart(
            "proportion",
            "mean",
            SEGMENTS,
            [
                told("bank", JANUARY, 1.0, 10, 10),
                told("harbour", JANUARY, 0.5, 90, 45),
                told("school", JANUARY, 0.25, 4, 1),
                told("harbour", FEBRUARY, None, 0),
            ],
        )
        assert points == [
            Point(JANUARY, "key", 0.55, 100, 2, 2),
            Point(JANUARY, "public", 0.25, 4, 2, 1),
            Point(FEBRUARY, "key", None, 0, 2, 0),
        ]

    def test_medians_of_several_customers_do_not_add_up(self) -> None:
        values = [told("bank", JANUARY, 4.0, 3), told("harbour", JANUARY, 8.0, 1), told("school", JANUARY, 2.0, 5)]
        medians = tell_segments_apart("duration", "median", SEGMENTS, values)
        assert [(point.segment, point.value, point.n) for point in medians] == [("key", None, 4), ("public", 2.0, 5)]
        means = tell_segments_apart("duration", "mean", SEGMENTS, values)
        assert [(point.segment, point.value) for point in means] == [("key", 5.0), ("public", 2.0)]
