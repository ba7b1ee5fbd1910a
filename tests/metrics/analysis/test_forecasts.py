import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.metrics.analysis.forecasts import forecast
from services.metrics.analysis.questions import Forecast, Foresee


def ask(values: object, horizon: int = 3, **options: object) -> Forecast:
    points = tuple((at, float(value)) for at, value in enumerate(values))  # type: ignore[arg-type]
    return forecast(Foresee(points=points, horizon=horizon, **options))


class TestForecast:
    """R144."""

    def test_a_straight_line_goes_on(self) -> None:
        told = ask([1, 3, 5, 7, 9, 11])
        assert [point.value for point in told.points] == [13, 15, 17]
        assert [(point.low, point.high) for point in told.points] == [(13, 13), (15, 15), (17, 17)]
        assert [point.ahead for point in told.points] == [1, 2, 3]

    def test_by_hand(self) -> None:
        """Residuals of the line y = x + 0.5 are ±0.5: s² = 6 × 0.25 / 4; x̄ = 2.5, Σ(x − x̄)² = 17.5, t(4) = 2.7764."""
        values = [0, 2, 2, 4, 4, 6]
        line = stats.theilslopes(values)
        assert (line.slope, line.intercept) == pytest.approx((1.0, 0.5))
        (next_,) = ask(values, 1).points
        assert next_.value == pytest.approx(6.5)
        half = 2.7764451 * math.sqrt(0.375) * math.sqrt(1 + 1 / 6 + 3.5**2 / 17.5)
        assert (next_.low, next_.high) == pytest.approx((6.5 - half, 6.5 + half))

    def test_gaps_are_periods_too(self) -> None:
        points = tuple((at, 2.0 * at) for at in (0, 1, 4, 5, 9))
        told = forecast(Foresee(points=points, horizon=1))
        assert told.points[0].value == pytest.approx(20)

    @settings(max_examples=50)
    @given(st.lists(st.floats(0, 1), min_size=5, max_size=30), st.integers(1, 12))
    def test_a_proportion_stays_one(self, values: list[float], horizon: int) -> None:
        for point in ask(values, horizon, floor=0.0, ceiling=1.0).points:
            assert 0 <= point.low <= point.value <= point.high <= 1

    def test_further_ahead_is_less_certain(self) -> None:
        told = ask(np.random.default_rng(1).normal(size=20), 6)
        widths = [point.high - point.low for point in told.points]
        assert widths == sorted(widths)
        assert widths[0] < widths[-1]

    @pytest.mark.parametrize("n", [6, 12, 36])
    def test_intervals_hold_the_next_value_as_often_as_promised(self, n: int) -> None:
        rng = np.random.default_rng(7)
        held = 0
        for _ in range(500):
            values = 3 + 0.2 * np.arange(n + 2) + rng.normal(size=n + 2)
            point = ask(values[:n], 2, level=0.9).points[1]
            held += point.low <= values[n + 1] <= point.high
        assert abs(held / 500 - 0.9) < 4 * math.sqrt(0.9 * 0.1 / 500)
