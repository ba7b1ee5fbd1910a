"""Student's t distribution in plain Python: SciPy takes longer to load than a campaign takes to be analysed.

Source: the incomplete beta function by its continued fraction (Lentz 1976; DLMF 8.17.22).
"""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_CLOSE = 1e-16
_LARGE = 25.0


def exceed(t: float, freedom: float) -> float:
    """How likely Student's t with so many degrees of freedom, which need not be whole, lies above `t`."""
    if t < 0:
        return 1 - exceed(-t, freedom)
    square = t * t
    a, x = freedom / 2, freedom / (freedom + square)
    if x < (a + 1) / (a + 2.5):
        return _beta_part(a, 0.5, x, square / (freedom + square)) / 2
    return 0.5 - _beta_part(0.5, a, square / (freedom + square), x) / 2


@lru_cache(4096)
def find_quantile(probability: float, freedom: float) -> float:
    """The t below which a value lies with this probability, from 0.5 to below 1.

    Newton's method from the normal quantile, which lies below: there the tail is convex, so every step stays below.
    """
    t = NormalDist().inv_cdf(probability)
    above = 1 - probability
    for _ in range(200):
        step = (exceed(t, freedom) - above) / _density(t, freedom)
        t += step
        if abs(step) <= 4e-16 * abs(t):
            break
    return t


def _density(t: float, freedom: float) -> float:
    log = _log_gamma_ratio(freedom / 2) - (freedom + 1) / 2 * math.log1p(t * t / freedom)
    return math.exp(log) / math.sqrt(freedom * math.pi)


def _beta_part(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function of x = 1 − `rest`, one of `a` and `b` being a half."""
    if x == 0:
        return 0.0
    log_beta = math.log(math.pi) / 2 - _log_gamma_ratio(a + b - 0.5)
    front = math.exp(a * _log(x, rest) + b * _log(rest, x) - log_beta) / a
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + numerator * d)
            c = _away_from_zero(1 + numerator / c)
            fraction *= c * d
        if abs(c * d - 1) < _CLOSE * 4:
            break
    return front * fraction


def _log(x: float, rest: float) -> float:
    """The logarithm of x = 1 − `rest`, whichever of them is the smaller."""
    return math.log(x) if x < rest else math.log1p(-rest)


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _log_gamma_ratio(a: float) -> float:
    """ln Γ(a + ½) − ln Γ(a); of large ones by its series, since the two are then large and nearly the same."""
    if a < _LARGE:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    inverse = 1 / (a * a)
    series = -1 / 8 + inverse * (1 / 192 + inverse * (-1 / 640 + inverse * (17 / 14336 - inverse * 31 / 18432)))
    return math.log(a) / 2 + series / a
