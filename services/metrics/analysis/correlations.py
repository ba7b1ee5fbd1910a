"""F19: how two measures go together, with n, p and lag (R145)."""

import numpy as np
from scipy import stats

from services.metrics.analysis.questions import Coefficient, Correlate, Correlations, Lagged


def correlate(asked: Correlate) -> Correlations:
    """Pearson's and Spearman's coefficient at every lag, pairing the value of `a` at t with that of `b` at t + lag.

    Two-sided p-values; the adjusted ones are Bonferroni's, times the number of lags that could be tested: who looks at
    many lags finds one.
    """
    a, b = dict(asked.a), dict(asked.b)
    paired = {lag: _pairs(a, b, lag) for lag in range(-asked.lags, asked.lags + 1)}
    tested = {lag for lag, (x, y) in paired.items() if len(x) >= asked.minimum_pairs and _varies(x) and _varies(y)}
    lags = tuple(
        _measure(lag, x, y, len(tested), asked.alpha)
        if lag in tested
        else Lagged(lag=lag, n=len(x), pearson=None, spearman=None)
        for lag, (x, y) in paired.items()
    )
    ranked = sorted((found.spearman.p_value, abs(found.lag), found.lag) for found in lags if found.spearman)
    return Correlations(lags=lags, tests=len(tested), strongest=ranked[0][2] if ranked else None)


def _pairs(a: dict[int, float], b: dict[int, float], lag: int) -> tuple[np.ndarray, np.ndarray]:
    both = [at for at in sorted(a) if at + lag in b]
    return np.array([a[at] for at in both]), np.array([b[at + lag] for at in both])


def _varies(values: np.ndarray) -> bool:
    """More than by rounding."""
    return bool(np.ptp(values) > 1e-9 * np.abs(values).max())


def _measure(lag: int, x: np.ndarray, y: np.ndarray, tests: int, alpha: float) -> Lagged:
    pearson, spearman = stats.pearsonr(x, y), stats.spearmanr(x, y)
    bounds = pearson.confidence_interval(1 - alpha)
    return Lagged(
        lag=lag,
        n=len(x),
        pearson=Coefficient(
            value=float(pearson.statistic),
            p_value=float(pearson.pvalue),
            p_adjusted=min(float(pearson.pvalue) * tests, 1.0),
            interval=(float(bounds.low), float(bounds.high)),
        ),
        spearman=Coefficient(
            value=float(spearman.statistic),
            p_value=float(spearman.pvalue),
            p_adjusted=min(float(spearman.pvalue) * tests, 1.0),
        ),
    )
