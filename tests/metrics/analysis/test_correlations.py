import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.metrics.analysis.correlations import correlate
from services.metrics.analysis.questions import Correlate, Correlations


def ask(a: object, b: object, **options: object) -> Correlations:
    """Series by place; None is a period without data."""
    places = [tuple((at, float(v)) for at, v in enumerate(values) if v is not None) for values in (a, b)]  # type: ignore[arg-type]
    return correlate(Correlate(a=places[0], b=places[1], **options))


class TestCorrelate:
    """R145, F19."""

    def test_a_published_example(self) -> None:
        """Anscombe's first set (1973): r = 0.816 over 11 pairs."""
        x = (10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5)
        y = (8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68)
        (found,) = ask(x, y).lags
        assert found.pearson is not None
        assert found.n == 11
        assert found.pearson.value == pytest.approx(0.816, abs=5e-4)
        assert found.pearson.p_value == pytest.approx(0.00217, abs=5e-6)

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=8, max_size=40))
    def test_agrees_with_scipy(self, pairs: list[tuple[int, int]]) -> None:
        x, y = zip(*pairs, strict=True)
        (found,) = ask(x, y).lags
        if len(set(x)) == 1 or len(set(y)) == 1:
            assert (found.pearson, found.spearman) == (None, None)
            return
        assert found.pearson is not None
        assert found.spearman is not None
        assert found.pearson.value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
        assert found.pearson.p_value == pytest.approx(stats.pearsonr(x, y).pvalue)
        ranks = np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1]
        assert found.spearman.value == pytest.approx(ranks, abs=1e-12)
        assert found.spearman.p_value == pytest.approx(stats.spearmanr(x, y).pvalue)

    def test_finds_which_came_first_and_by_how_much(self) -> None:
        cause = np.random.default_rng(1).normal(size=40)
        effect = np.roll(cause, 3)
        found = ask(cause, effect, lags=5)
        assert found.strongest == 3
        assert [lag.lag for lag in found.lags] == list(range(-5, 6))
        assert [lag.n for lag in found.lags] == [40 - abs(lag) for lag in range(-5, 6)]
        assert found.lags[8].pearson is not None
        assert found.lags[8].pearson.value == pytest.approx(1)

    def test_many_lags_are_paid_for(self) -> None:
        rng = np.random.default_rng(2)
        found = ask(rng.normal(size=30), rng.normal(size=30), lags=3)
        assert found.tests == 7
        for lag in found.lags:
            assert lag.pearson is not None
            assert lag.pearson.p_adjusted == pytest.approx(min(7 * lag.pearson.p_value, 1))

    def test_lags_with_too_few_pairs_are_not_tested(self) -> None:
        rng = np.random.default_rng(3)
        found = ask(rng.normal(size=10), rng.normal(size=10), lags=4)
        assert found.tests == 5
        assert [lag.n for lag in found.lags if lag.pearson is None] == [6, 7, 7, 6]

    def test_a_missing_period_pairs_with_nothing(self) -> None:
        rng = np.random.default_rng(4)
        a, b = rng.normal(size=12).tolist(), rng.normal(size=12).tolist()
        a[3] = b[7] = None
        (found,) = ask(a, b).lags
        x, y = zip(*[(p, q) for p, q in zip(a, b, strict=True) if p is not None and q is not None], strict=True)
        assert found.n == 10
        assert found.pearson is not None
        assert found.pearson.value == pytest.approx(np.corrcoef(x, y)[0, 1])

    def test_what_never_varies_goes_with_nothing(self) -> None:
        found = ask([0.1 + 0.2] * 6 + [0.3] * 6, range(12))
        assert (found.tests, found.strongest, found.lags[0].pearson) == (0, None, None)

    def test_a_perfect_line(self) -> None:
        (found,) = ask(range(10), range(10)).lags
        assert found.pearson is not None
        assert found.pearson.interval == pytest.approx((1, 1))
