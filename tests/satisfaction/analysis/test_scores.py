"""F4, F22: scores against figures worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.satisfaction.analysis.scores import compare_shares, mean_of, net_promoter

_NOBODY = np.array([np.nan, np.nan])


class TestMeanOf:
    def test_by_hand(self) -> None:
        """4, 5, 3 and nothing: mean 4, deviation 1, t(2) = 4.3027, 4.3027/√3 = 2.4842."""
        told = mean_of(np.array([4.0, 5.0, np.nan, 3.0]))
        assert (told.value, told.deviation, told.n) == (4.0, 1.0, 3)
        assert (told.low, told.high) == pytest.approx((1.5158, 6.4842), abs=1e-4)

    def test_half_of_the_population(self) -> None:
        """The correction √((N − n)/(N − 1)) with N = 6, n = 3."""
        endless, half = mean_of(np.array([3.0, 4.0, 5.0])), mean_of(np.array([3.0, 4.0, 5.0]), 6)
        assert endless.high is not None
        assert half.high is not None
        assert (half.high - 4) / (endless.high - 4) == pytest.approx((3 / 5) ** 0.5)

    def test_everybody_one_and_nobody(self) -> None:
        assert mean_of(np.array([3.0, 5.0]), 2).low == 4.0
        assert mean_of(np.array([3.0])).low is None
        assert mean_of(_NOBODY).value is None


class TestNetPromoter:
    def test_by_hand(self) -> None:
        """Five promoters, three passives, two detractors: 50 − 20."""
        told = net_promoter(np.array([10, 10, 9, 9, 9, 8, 7, 7, 6, 0], dtype=float))
        assert told.value == pytest.approx(30)
        assert (told.promoters, told.passives, told.detractors) == pytest.approx((0.5, 0.3, 0.2))
        assert told.low is not None
        assert -100 <= told.low < 30

    def test_stays_within_its_scale(self) -> None:
        told = net_promoter(np.array([0.0, 0.0, 10.0]))
        assert told.low == -100
        assert net_promoter(_NOBODY).value is None


class TestComparisons:
    def test_shares(self) -> None:
        """Fisher's tea: 3 of 4 against 1 of 4 is 0.4857."""
        assert compare_shares(3, 4, 1, 4) == pytest.approx(0.4857, abs=1e-4)
        assert compare_shares(0, 0, 1, 4) is None
        assert compare_shares(90, 100, 60, 100) == pytest.approx(float(stats.fisher_exact([[90, 10], [60, 40]]).pvalue))

    @given(st.integers(1, 80), st.integers(1, 80), st.data())
    @settings(max_examples=100)
    def test_is_scipys(self, n: int, before: int, data: st.DataObject) -> None:
        said_so, earlier = data.draw(st.integers(0, n)), data.draw(st.integers(0, before))
        expected = stats.fisher_exact([[said_so, n - said_so], [earlier, before - earlier]]).pvalue
        assert compare_shares(said_so, n, earlier, before) == pytest.approx(float(expected), rel=1e-9)

    def test_of_many(self) -> None:
        expected = stats.fisher_exact([[50_000, 50_000], [50_500, 49_500]]).pvalue
        assert compare_shares(50_000, 100_000, 50_500, 100_000) == pytest.approx(float(expected), rel=1e-7)
