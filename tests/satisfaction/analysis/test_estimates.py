"""Means of unequal strata, worked by hand, and Welch's test against SciPy's own."""

import numpy as np
import pytest
from scipy import stats

from services.satisfaction.analysis.estimates import compare_estimates, weigh_means
from services.satisfaction.analysis.scores import mean_of


class TestWeighMeans:
    def test_one_stratum_is_students_interval(self) -> None:
        answers = np.array([1.0, 2.0, 4.0, 5.0, np.nan])
        told, expected = weigh_means([(50, answers)]), mean_of(answers, 50)
        assert (told.value, told.low, told.high) == pytest.approx((expected.value, expected.low, expected.high))

    def test_weighs_by_population(self) -> None:
        """(100 · 2 + 300 · 6) / 400 = 5; variance (1/4)² · 2/n′ + (3/4)² · 2/n′ with n′ = n (N − 1) / (N − n)."""
        told = weigh_means([(100, np.array([1.0, 3.0])), (300, np.array([5.0, 7.0])), (70, np.array([np.nan]))])
        assert told.value == pytest.approx(5)
        assert told.error is not None
        assert told.error**2 == pytest.approx(2 * 98 / (16 * 2 * 99) + 9 * 2 * 298 / (16 * 2 * 299))

    def test_design_effect_by_hand(self) -> None:
        """Strata of 100 and 300 without end, two answers each: variance (1 + 9)/16 · 2/2; of a simple sample, whose
        answers lie (16 · 1/4 + 10 · 3/4 …) about 5: Σ W (y − 5)² = 1/4 · 10 + 3/4 · 2 = 4, · 4/3 / 4."""
        told = weigh_means([(10**12, np.array([1.0, 3.0])), (3 * 10**12, np.array([5.0, 7.0]))])
        assert told.design_effect == pytest.approx(10 / 16 / (4 * 4 / 3 / 4), rel=1e-6)
        assert weigh_means([(50, np.array([1.0, 2.0, 4.0]))]).design_effect == pytest.approx(1)

    def test_a_census_has_no_design_effect(self) -> None:
        assert weigh_means([(2, np.array([1.0, 3.0])), (1, np.array([5.0]))]).design_effect is None

    def test_two_who_agree_do_not_show_that_a_stratum_does_not_vary(self) -> None:
        """Variances 2 and 0, the latter of two answers: taken to be that of all, 1, 3, 4 and 4, which is 2."""
        told = weigh_means([(10**12, np.array([1.0, 3.0])), (10**12, np.array([4.0, 4.0]))])
        assert told.error is not None
        assert told.error**2 == pytest.approx(2 / 4 / 2 + 2 / 4 / 2)

    def test_without_answers_there_is_nothing(self) -> None:
        assert weigh_means([(10, np.array([]))]).value is None
        assert weigh_means([(10, np.array([3.0]))]).low is None


class TestCompareEstimates:
    def test_is_welchs_test(self) -> None:
        a, b = np.array([1.0, 2.0, 4.0, 9.0]), np.array([3.0, 3.5, 8.0])
        sides = [(float(x.mean()), float(x.std(ddof=1)) / len(x) ** 0.5, len(x) - 1.0) for x in (a, b)]
        expected = stats.ttest_ind(a, b, equal_var=False)
        assert compare_estimates(sides[0], sides[1]).p_value == pytest.approx(expected.pvalue)

    def test_two_censuses_cannot_err(self) -> None:
        assert compare_estimates((2.0, 0.0, 9.0), (1.0, 0.0, 9.0)).p_value is None
