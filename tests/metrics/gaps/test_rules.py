import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.metrics.gaps.rules import detect_gap, grade, measure_impact
from shared.events.metrics import GapImpact

shares = st.floats(0.01, 1, allow_nan=False)


class TestDetectGap:
    def test_the_worked_example_of_march(self) -> None:
        miss = detect_gap("higher_is_better", 0.75, 30, 3585 / 8995, 8995, 3585)
        assert miss is not None
        assert miss.size == pytest.approx(0.351445, abs=1e-6)
        assert miss.severity == "critical"
        assert miss.impact == GapImpact(tickets_affected=5410, tickets_total=8995)

    @pytest.mark.parametrize(
        ("target", "value", "n"), [(None, 0.1, 100), (0.75, None, 0), (0.75, 0.1, 29), (0.75, 0.75, 100)]
    )
    def test_no_target_no_data_too_few_or_just_met_is_none(
        self, target: float | None, value: float | None, n: int
    ) -> None:
        assert detect_gap("higher_is_better", target, 30, value, n, None) is None

    @given(shares, shares)
    def test_exactly_one_direction_misses(self, target: float, value: float) -> None:
        assume(target != value)
        higher = detect_gap("higher_is_better", target, 1, value, 10, None)
        lower = detect_gap("lower_is_better", target, 1, value, 10, None)
        assert (higher is None) != (lower is None)
        assert (higher or lower).size > 0  # type: ignore[union-attr]


class TestGrade:
    @pytest.mark.parametrize(
        ("size", "severity"), [(0.01, "low"), (0.05, "medium"), (0.15, "high"), (0.3, "critical"), (9, "critical")]
    )
    def test_by_relative_size(self, size: float, severity: str) -> None:
        assert grade(size, 1.0) == severity

    def test_any_miss_of_zero_is_critical(self) -> None:
        assert grade(0.001, 0) == "critical"


class TestMeasureImpact:
    def test_counts_the_bad_side(self) -> None:
        assert measure_impact("lower_is_better", 100, 7) == GapImpact(tickets_affected=7, tickets_total=100)
        assert measure_impact("lower_is_better", 100, None) == GapImpact(tickets_affected=100, tickets_total=100)
