"""Charts against published examples and NumPy, trends against SciPy."""

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.metrics.analysis.charts import (
    Chart,
    Datum,
    Signal,
    TooFew,
    adverse_signal,
    control_chart,
    early_warning,
    kind_for,
    trend,
)

RISE = "higher_is_better"
FALL = "lower_is_better"

LOANS = (310, 288, 297, 298, 307, 303, 294, 297, 308, 306, 294, 299, 297, 299, 314, 295, 293, 306, 301, 304)
NIST_BATCH = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)
JUICE_CANS = (12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22)
JUICE_CANS += (8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6)
CIRCUIT_BOARDS = (21, 24, 16, 12, 15, 5, 28, 20, 31, 25, 20, 24, 16, 19, 10, 17, 13, 22, 18, 39, 30, 24, 16, 19, 17, 15)


def month(index: int) -> date:
    return date(2020 + index // 12, index % 12 + 1, 1)


def series(*values: float, n: int = 100) -> list[Datum]:
    return [Datum(month(index), value, n) for index, value in enumerate(values)]


def shares(*pairs: tuple[int, int]) -> list[Datum]:
    return [Datum(month(index), k / n, n, k) for index, (k, n) in enumerate(pairs)]


def signals(chart: Chart, rule: str) -> list[tuple[int, str]]:
    """Index and side of this rule's signals."""
    index = {point.period: at for at, point in enumerate(chart.points)}
    return [(index[signal.period], signal.side) for signal in chart.signals if signal.rule == rule]


class TestControlChart:
    """R32, F18: limits and signals."""

    def test_individuals_of_loan_costs_as_published(self) -> None:
        """Montgomery, Introduction to Statistical Quality Control, cost of processing loan applications."""
        chart = control_chart("xmr", series(*LOANS))
        assert chart.centre == pytest.approx(300.5)
        assert chart.points[0].sigma * 1.128 == pytest.approx(7.79, abs=0.005)
        assert (chart.points[0].lower, chart.points[0].upper) == pytest.approx((279.78, 321.22), abs=0.01)
        assert chart.signals == ()

    def test_individuals_of_a_batch_as_published(self) -> None:
        """NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2."""
        chart = control_chart("xmr", series(*NIST_BATCH))
        assert chart.centre == pytest.approx(50.81)
        assert (chart.points[0].lower, chart.points[0].upper) == pytest.approx((45.8159, 55.8041), abs=1e-3)

    def test_proportions_of_juice_cans_as_published(self) -> None:
        """Montgomery, frozen orange juice: 347 of 1,500; samples 15 and 23 are beyond the limits."""
        chart = control_chart("p", shares(*((bad, 50) for bad in JUICE_CANS)))
        assert chart.centre == pytest.approx(0.2313, abs=5e-5)
        assert (chart.points[0].lower, chart.points[0].upper) == pytest.approx((0.0524, 0.4102), abs=1e-4)
        assert signals(chart, "outlier") == [(14, "above"), (22, "above")]

    def test_counts_of_circuit_boards_as_published(self) -> None:
        """Montgomery, nonconformities in boards: 516 in 26; samples 6 and 20 are beyond the limits."""
        chart = control_chart("u", series(*CIRCUIT_BOARDS))
        assert chart.centre == pytest.approx(19.85, abs=0.005)
        assert (chart.points[0].lower, chart.points[0].upper) == pytest.approx((6.48, 33.22), abs=0.01)
        assert signals(chart, "outlier") == [(5, "below"), (19, "above")]

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.01, 0.99)), min_size=5, max_size=30))
    def test_limits_of_proportions_agree_with_numpy(self, drawn: list[tuple[int, float]]) -> None:
        k, n = np.array([(max(round(n * p), 1), n + 1) for n, p in drawn]).T
        chart = control_chart("p", shares(*zip(k.tolist(), n.tolist(), strict=True)))
        mean = k.sum() / n.sum()
        half = 3 * np.sqrt(mean * (1 - mean) / n)
        assert chart.centre == pytest.approx(mean)
        assert [point.lower for point in chart.points] == pytest.approx(np.clip(mean - half, 0, 1))
        assert [point.upper for point in chart.points] == pytest.approx(np.clip(mean + half, 0, 1))

    @settings(max_examples=50)
    @given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=30))
    def test_limits_of_values_agree_with_numpy(self, values: list[float]) -> None:
        chart = control_chart("xmr", series(*values))
        sigma = np.abs(np.diff(values)).mean() / 1.128
        assert chart.centre == pytest.approx(np.mean(values), abs=1e-6)
        assert chart.points[-1].lower == pytest.approx(np.mean(values) - 3 * sigma, abs=1e-6)
        assert chart.points[-1].upper == pytest.approx(np.mean(values) + 3 * sigma, abs=1e-6)

    @settings(max_examples=100)
    @given(st.lists(st.integers(-6, 6), min_size=5, max_size=25))
    def test_signals_agree_with_the_rules_spelt_out(self, steps: list[int]) -> None:
        """Values in half sigmas around a centre of 0: sigma 1 by a reference that swings so."""
        reference = series(*[0.564, -0.564] * 4)
        values = [step / 2 for step in steps]
        chart = control_chart("xmr", series(*values), reference=reference)
        assert chart.points[0].sigma == pytest.approx(1)
        expected = set()
        for at, value in enumerate(values):
            for sign, side in ((1, "above"), (-1, "below")):
                if sign * value > 3:
                    expected.add((at, "outlier", side))
                window = [sign * other for other in values[max(0, at - 3) : at + 1]]
                if sign * value > 2 and len([other for other in window if other > 2]) >= 3:
                    expected.add((at, "short_run", side))
                if at >= 6 and all(sign * other > 0 for other in values[at - 6 : at + 1]):
                    expected.add((at, "long_run", side))
        assert {(month_index(s), s.rule, s.side) for s in chart.signals} == expected

    def test_exactly_three_sigma_is_not_beyond(self) -> None:
        chart = control_chart("xmr", series(0, 0, 0, 0, 3 * 1.0), reference=series(*[0.564, -0.564] * 4))
        assert chart.signals == ()

    def test_limits_keep_to_what_is_possible(self) -> None:
        near_one = control_chart("p", shares(*[(19, 20)] * 5))
        assert {point.upper for point in near_one.points} == {1.0}
        rare = control_chart("u", series(1, 0, 2, 1, 1))
        assert {point.lower for point in rare.points} == {0.0}
        hours = control_chart("xmr", series(1, 9, 1, 9, 1), floor=0.0)
        assert {point.lower for point in hours.points} == {0.0}
        assert control_chart("xmr", series(1, 9, 1, 9, 1)).points[0].lower < 0

    def test_a_share_of_time_is_no_share_of_cases(self) -> None:
        """An availability has outages for n, none in a good month: its chart is of individual values."""
        available = [Datum(month(at), value, n) for at, (value, n) in enumerate([(1.0, 0), (0.998, 2), (0.999, 1)] * 4)]
        chart = control_chart("p", available)
        assert (chart.kind, chart.centre) == ("xmr", pytest.approx(0.999))
        assert {point.upper for point in chart.points} == {1.0}

    def test_limits_come_from_the_reference(self) -> None:
        chart = control_chart("xmr", series(*[50] * 5), reference=series(*LOANS))
        assert chart.centre == pytest.approx(300.5)
        assert chart.reference_n == 20
        assert len(signals(chart, "outlier")) == 5

    @pytest.mark.parametrize("count", range(5))
    def test_fewer_than_five_points_are_no_chart(self, count: int) -> None:
        with pytest.raises(TooFew, match=f"{count} periods with data; it takes at least 5"):
            control_chart("xmr", series(*range(count)))
        with pytest.raises(TooFew):
            control_chart("xmr", series(*LOANS), reference=series(*range(count)))

    def test_one_failure_after_a_perfect_year_is_no_signal_and_many_are(self) -> None:
        perfect = shares(*[(50, 50)] * 12)
        one, many = Datum(month(12), 49 / 50, 50, 49), Datum(month(12), 45 / 50, 50, 45)
        assert control_chart("p", [*perfect, one], reference=perfect).signals == ()
        assert adverse_signal(RISE, "p", [*perfect, many], perfect) == Signal(month(12), "outlier", "below")
        none = series(*[0] * 12)
        assert adverse_signal(FALL, "u", [*none, Datum(month(12), 1, 1)], none) is None
        assert adverse_signal(FALL, "u", [*none, Datum(month(12), 3, 3)], none) is not None

    def test_rounding_is_no_signal(self) -> None:
        assert control_chart("xmr", series(*[0.1] * 10)).signals == ()

    @pytest.mark.parametrize(
        ("data_kind", "kind"), [("proportion", "p"), ("count", "u"), ("duration", "xmr"), ("value", "xmr")]
    )
    def test_the_chart_follows_the_kind_of_data(self, data_kind: str, kind: str) -> None:
        assert kind_for(data_kind) == kind


def month_index(signal: Signal) -> int:
    return (signal.period.year - 2020) * 12 + signal.period.month - 1


class TestAdverseSignal:
    """R32: only the newest point, only the bad direction."""

    def test_the_bad_side_only(self) -> None:
        steady = series(*[10, 11] * 6)
        low, high = Datum(month(12), 2, 100), Datum(month(12), 19, 100)
        assert adverse_signal(RISE, "xmr", [*steady, low], steady) == Signal(month(12), "outlier", "below")
        assert adverse_signal(RISE, "xmr", [*steady, high], steady) is None
        assert adverse_signal(FALL, "xmr", [*steady, high], steady) == Signal(month(12), "outlier", "above")

    def test_an_older_signal_is_not_told_again(self) -> None:
        steady = series(*[10, 11] * 6)
        assert adverse_signal(RISE, "xmr", [*steady, Datum(month(12), 2, 9), Datum(month(13), 10, 9)], steady) is None

    def test_seven_months_on_the_bad_side(self) -> None:
        reference = series(*[9, 11] * 5)
        points = [*reference, *(Datum(month(10 + at), 9.5, 100) for at in range(7))]
        assert adverse_signal(RISE, "xmr", points, reference) == Signal(month(16), "long_run", "below")
        assert adverse_signal(RISE, "xmr", points[:-1], reference) is None

    def test_too_few_are_no_verdict(self) -> None:
        assert adverse_signal(RISE, "xmr", series(10, 10, 10, 0)) is None


def line(*values: float) -> Sequence[Datum]:
    return series(*values)


class TestTrend:
    """R144, F18."""

    @settings(max_examples=100)
    @given(
        st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), min_size=5, max_size=24, unique_by=lambda t: t[0]),
        st.sampled_from([0.01, 0.05, 0.2]),
    )
    def test_agrees_with_scipy_across_gaps_and_ties(self, drawn: list[tuple[int, int]], alpha: float) -> None:
        drawn.sort()
        found = trend([Datum(month(x), float(y), 10) for x, y in drawn], alpha=alpha)
        x, y = np.array(drawn).T
        expected = stats.theilslopes(y, x - x[0], alpha=alpha)
        assert found is not None
        assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept))
        if not math.isnan(expected.low_slope):
            assert (found.low, found.high) == pytest.approx((expected.low_slope, expected.high_slope))

    def test_a_straight_line(self) -> None:
        found = trend(line(1, 3, 5, 7, 9, 11))
        assert found is not None
        assert (found.slope, found.low, found.high, found.intercept) == (2, 2, 2, 1)
        assert found.at(month(10)) == 21

    def test_a_missing_month_is_still_a_month(self) -> None:
        points = [Datum(month(x), float(x), 10) for x in (0, 1, 2, 6, 7, 12)]
        found = trend(points)
        assert found is not None
        assert (found.slope, found.low, found.high) == (1, 1, 1)

    def test_quarters_are_periods_of_three_months(self) -> None:
        points = [Datum(month(3 * x), 2.0 * x, 10) for x in range(8)]
        found = trend(points, months_per_period=3)
        assert found is not None
        assert found.slope == 2
        assert found.at(month(24)) == 16

    def test_one_spike_is_no_trend(self) -> None:
        spiky = [5.0, 5.2, 4.9, 5.1, 5.0, 4.8, 5.1, 5.2, 4.9, 5.0, 5.1, 50.0]
        found = trend(line(*spiky))
        assert found is not None
        assert found.low <= 0 <= found.high
        assert abs(found.slope) < 0.05

    def test_fewer_than_five_points_are_none(self) -> None:
        assert trend(line(1, 2, 3, 4)) is None


class TestEarlyWarning:
    """R146: before the breach."""

    def test_tells_when_the_line_crosses(self) -> None:
        """0.95, 0.94 … 0.90, two hundredths above nothing: 0.875 is passed after three more months."""
        points = line(0.95, 0.94, 0.93, 0.92, 0.91, 0.90)
        warned = early_warning(RISE, 0.875, points, 6)
        assert warned is not None
        assert (warned.crosses_on, warned.periods_ahead) == (month(8), 3)
        assert warned.projected == pytest.approx(0.87)

    def test_not_beyond_the_horizon(self) -> None:
        assert early_warning(RISE, 0.875, line(0.95, 0.94, 0.93, 0.92, 0.91, 0.90), 2) is None

    def test_not_after_the_breach(self) -> None:
        assert early_warning(RISE, 0.905, line(0.95, 0.94, 0.93, 0.92, 0.91, 0.90), 6) is None

    def test_not_when_it_gets_better(self) -> None:
        assert early_warning(FALL, 0.5, line(0.95, 0.94, 0.93, 0.92, 0.91, 0.40), 6) is None

    def test_rising_hours_towards_a_limit(self) -> None:
        warned = early_warning(FALL, 8.0, line(4, 4.5, 5.2, 5.4, 6.1, 6.6), 4)
        assert warned is not None
        assert warned.crosses_on == month(8)

    def test_not_for_one_spike(self) -> None:
        assert early_warning(FALL, 9.0, line(5.0, 5.2, 4.9, 5.1, 5.0, 4.8, 5.1, 5.2, 4.9, 8.9), 12) is None

    def test_not_for_few_or_no_points(self) -> None:
        assert early_warning(FALL, 9.0, line(1, 3, 5, 8), 12) is None
        assert early_warning(FALL, 9.0, [], 12) is None

    def test_quarters_step_by_three_months(self) -> None:
        points = [Datum(month(3 * x), 10.0 - x, 10) for x in range(6)]
        warned = early_warning(RISE, 3.5, points, 4, months_per_period=3)
        assert warned is not None
        assert (warned.crosses_on, warned.periods_ahead) == (month(21), 2)
