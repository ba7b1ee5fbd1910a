from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.metrics.analysis.charts import Datum
from services.metrics.expectations.rules import Expectation
from services.metrics.gaps.rules import Finding, Judged, detect, fill_zeros, grade, in_phase, measure_impact
from shared.events.metrics import GapImpact

shares = st.floats(0.01, 1, allow_nan=False)
HIGHER = Judged("higher_is_better", "proportion")
LOWER = Judged("lower_is_better", "duration")


def months(*values: float, n: int = 400, start: int = 1, year: int = 2025) -> list[Datum]:
    return [
        Datum(date(year + (start + i - 1) // 12, (start + i - 1) % 12 + 1, 1), value, n, round(value * n))
        for i, value in enumerate(values)
    ]


class TestDetect:
    """R3, R32, R77: the four detections."""

    def test_the_worked_example_of_march(self) -> None:
        finding = detect(HIGHER, Expectation(0.75, 30), [Datum(date(2016, 3, 1), 3585 / 8995, 8995, 3585)])
        assert finding is not None
        assert (finding.detection, finding.expected) == ("target_missed", 0.75)
        assert finding.size == pytest.approx(0.351445, abs=1e-6)

    @pytest.mark.parametrize(("target", "value", "n"), [(None, 0.1, 100), (0.75, 0.1, 29), (0.75, 0.75, 100)])
    def test_no_target_too_few_or_just_met_is_none(self, target: float | None, value: float, n: int) -> None:
        assert detect(HIGHER, Expectation(target, 30), [Datum(date(2025, 1, 1), value, n)]) is None

    def test_no_data_is_none(self) -> None:
        assert detect(HIGHER, Expectation(0.75), []) is None

    @given(shares, shares)
    def test_exactly_one_direction_misses(self, target: float, value: float) -> None:
        assume(target != value)
        found = [
            detect(Judged(direction, "value"), Expectation(target), [Datum(date(2025, 1, 1), value, 10)])
            for direction in ("higher_is_better", "lower_is_better")  # type: ignore[arg-type]
        ]
        (one,) = [finding for finding in found if finding is not None]
        assert one.size > 0

    def test_a_missed_promise_is_a_breach(self) -> None:
        judged = Judged("higher_is_better", "proportion", is_promise=True)
        finding = detect(judged, Expectation(0.95), months(0.9))
        assert finding is not None
        assert finding.detection == "clause_breach"

    def test_a_signal_is_told_where_the_target_is_still_met(self) -> None:
        """p̄ over the first six months is 0.9, σ for n = 400 is 0.015: 0.84 lies 4 σ below, above the target of 0.8."""
        finding = detect(HIGHER, Expectation(0.8), months(0.9, 0.91, 0.89, 0.9, 0.91, 0.89, 0.84))
        assert finding is not None
        assert (finding.detection, finding.evidence["rule"], finding.evidence["side"]) == ("signal", "outlier", "below")
        assert finding.expected == pytest.approx(0.9)
        assert finding.size == pytest.approx(0.06)
        assert finding.evidence["lower"] == pytest.approx(0.9 - 3 * 0.015)

    def test_a_signal_in_the_good_direction_is_no_gap(self) -> None:
        assert detect(HIGHER, Expectation(0.8), months(0.9, 0.91, 0.89, 0.9, 0.91, 0.89, 0.97)) is None

    def test_fewer_than_five_points_give_no_signal(self) -> None:
        assert detect(HIGHER, Expectation(0.5), months(0.9, 0.9, 0.9, 0.9, 0.7)) is None

    def test_a_signal_goes_by_the_level_since_the_baseline_in_force(self) -> None:
        """After a signed improvement the old, lower level says nothing of what is normal now."""
        series = months(*[0.7] * 6, 0.9, 0.91, 0.89, 0.9, 0.91, 0.84)
        assert detect(HIGHER, Expectation(0.6, baseline=0.7, phase_from=date(2025, 1, 1)), series) is None
        finding = detect(HIGHER, Expectation(0.6, baseline=0.9, phase_from=date(2025, 7, 1)), series)
        assert finding is not None
        assert finding.detection == "signal"

    def test_where_nothing_is_expected_no_signal_opens_a_gap(self) -> None:
        assert detect(HIGHER, Expectation(), months(0.9, 0.91, 0.89, 0.9, 0.91, 0.89, 0.5)) is None

    def test_a_trend_that_will_miss_is_an_early_warning(self) -> None:
        """R76, R146: 10, 11 … 15 h rises by one a month; the target of 17 h is passed in three."""
        finding = detect(LOWER, Expectation(17.0), months(10, 11, 12, 13, 14, 15, n=9))
        assert finding is not None
        assert finding.detection == "trend"
        assert finding.evidence["slope"] == pytest.approx(1.0)
        assert finding.evidence["periods_ahead"] == 3
        assert finding.evidence["crosses_on"] == "2025-09-01"
        assert finding.size == pytest.approx(1.0)

    def test_a_trend_beyond_the_horizon_is_none(self) -> None:
        assert detect(LOWER, Expectation(30.0), months(10, 11, 12, 13, 14, n=9)) is None

    def test_the_miss_is_told_before_its_signal(self) -> None:
        finding = detect(HIGHER, Expectation(0.8), months(0.9, 0.91, 0.89, 0.9, 0.91, 0.89, 0.5))
        assert isinstance(finding, Finding)
        assert finding.detection == "target_missed"


class TestInPhase:
    def test_begins_with_the_level(self) -> None:
        series = months(1, 2, 3, 4)
        assert in_phase(series, date(2025, 3, 1)) == series[2:]
        assert in_phase(series, None) == series


class TestFillZeros:
    def test_a_month_without_incidents_is_a_zero_once_there_were_some(self) -> None:
        series = [Datum(date(2025, 2, 1), 3, 3), Datum(date(2025, 4, 1), 9, 9)]
        elsewhere = [date(2025, month, 1) for month in (1, 2, 3, 4)]
        assert [(d.period.month, d.value) for d in fill_zeros(series, elsewhere)] == [(2, 3), (3, 0), (4, 9)]
        assert fill_zeros([], elsewhere) == []


class TestGrade:
    @pytest.mark.parametrize(
        ("size", "severity"), [(0.01, "low"), (0.05, "medium"), (0.15, "high"), (0.3, "critical"), (9, "critical")]
    )
    def test_by_relative_size(self, size: float, severity: str) -> None:
        assert grade(size, 1.0) == severity

    @pytest.mark.parametrize(
        ("criticality", "severity"),
        [("low", "low"), ("normal", "medium"), (None, "medium"), ("high", "high"), ("critical", "high")],
    )
    def test_weighs_by_the_services_criticality(self, criticality: str | None, severity: str) -> None:
        """10 % of the target: times ½ is 5 % … times 1½ is 15 %, times 2 is 20 %."""
        assert grade(0.0999 if criticality == "low" else 0.1, 1.0, criticality) == severity

    def test_any_miss_of_zero_is_critical(self) -> None:
        assert grade(0.001, 0) == "critical"


class TestMeasureImpact:
    def test_counts_the_bad_side(self) -> None:
        assert measure_impact("lower_is_better", 100, 7) == GapImpact(tickets_affected=7, tickets_total=100)
        assert measure_impact("lower_is_better", 100, None) == GapImpact(tickets_affected=100, tickets_total=100)
