"""Scores of a sample: mean with interval, NPS (F22), and the comparison of a share with another sample's."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.satisfaction.analysis.proportions import CONFIDENCE, effective_size
from services.satisfaction.analysis.students import find_quantile

Column = NDArray[np.float64]
"""One answer a respondent; NaN where there is none."""

_TIE = 1e-7
"""Tables that are as likely as the one that was found, but for rounding."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `n` answers, their standard deviation, and its interval: Student's t with finite-population correction.
    One answer has no interval."""

    value: float | None
    deviation: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class NetPromoter:
    """F22 in points, −100 to 100, with the shares that make it."""

    value: float | None
    low: float | None
    high: float | None
    promoters: float | None
    passives: float | None
    detractors: float | None
    n: int


def mean_of(answers: Column, population: int | None = None, confidence: float = CONFIDENCE) -> Mean:
    """The mean of what was answered."""
    known = answers[~np.isnan(answers)]
    n = int(known.size)
    if n == 0:
        return Mean(None, None, None, None, 0)
    value = float(known.mean())
    if n == 1:
        return Mean(value, None, None, None, 1)
    deviation = float(known.std(ddof=1))
    size = effective_size(n, population)
    half = 0.0 if math.isinf(size) else find_quantile((1 + confidence) / 2, n - 1) * deviation / math.sqrt(size)
    return Mean(value, deviation, value - half, value + half, n)


def net_promoter(answers: Column, population: int | None = None, confidence: float = CONFIDENCE) -> NetPromoter:
    """F22: % of 9 and 10 minus % of 0 to 6, each answer being worth +1, 0 or −1."""
    known = answers[~np.isnan(answers)]
    if known.size == 0:
        return NetPromoter(None, None, None, None, None, None, 0)
    worth = np.where(known >= 9, 1.0, np.where(known <= 6, -1.0, 0.0))
    told = mean_of(worth, population, confidence)
    points = [None if part is None else 100 * max(-1.0, min(1.0, part)) for part in (told.value, told.low, told.high)]
    shares = [float(np.mean(worth == kind)) for kind in (1, 0, -1)]
    return NetPromoter(points[0], points[1], points[2], shares[0], shares[1], shares[2], told.n)


def compare_shares(said_so: int, n: int, said_so_before: int, n_before: int) -> float | None:
    """Fisher's exact two-sided p-value that two samples have one share."""
    if n == 0 or n_before == 0:
        return None
    likely = _hypergeometric(n, n_before, said_so + said_so_before)
    own = likely[said_so - max(0, said_so + said_so_before - n_before)]
    return min(1.0, float(likely[likely <= own * (1 + _TIE)].sum()))


def _hypergeometric(n: int, others: int, said_so: int) -> Column:
    """How likely 0, 1, 2 … of those who said so are among `n`, from the fewest to the most that can be: by the ratios
    of neighbours, outwards from the likeliest."""
    fewest, most = max(0, said_so - others), min(n, said_so)
    here = np.arange(fewest, most, dtype=np.float64)
    ratios = np.log((n - here) * (said_so - here)) - np.log((here + 1) * (others - said_so + here + 1))
    logs = np.concatenate([[0.0], np.cumsum(ratios)])
    likely = np.exp(logs - logs.max())
    shares: Column = likely / likely.sum()
    return shares
