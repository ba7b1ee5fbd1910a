"""Student's distribution against SciPy's."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.satisfaction.analysis.students import exceed, find_quantile

FREEDOM = st.floats(1, 1e5)


class TestExceed:
    @given(st.floats(-40, 40), FREEDOM)
    @settings(max_examples=100)
    def test_is_scipys(self, t: float, freedom: float) -> None:
        expected = float(stats.t.sf(t, freedom))
        assert exceed(t, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-290)

    def test_one_degree_by_hand(self) -> None:
        """Cauchy's: ½ − arctan(t)/π."""
        for t in (0.0, 1e-8, 0.5, 1.0, 12.706):
            assert exceed(t, 1) == pytest.approx(0.5 - math.atan(t) / math.pi, rel=1e-8)


class TestFindQuantile:
    @given(st.floats(0.51, 0.9999), FREEDOM)
    @settings(max_examples=100)
    def test_is_scipys(self, probability: float, freedom: float) -> None:
        assert find_quantile(probability, freedom) == pytest.approx(float(stats.t.ppf(probability, freedom)), rel=1e-8)

    def test_of_the_tables(self) -> None:
        """t(2; 0.975) = 4.302653, t(10; 0.975) = 2.228139, t(1; 0.9995) = 636.6192."""
        assert find_quantile(0.975, 2) == pytest.approx(4.302653, abs=5e-7)
        assert find_quantile(0.975, 10) == pytest.approx(2.228139, abs=5e-7)
        assert find_quantile(0.9995, 1) == pytest.approx(636.6192, abs=5e-5)
