"""Shares of a finite population from a sample: Wilson's interval (F24), strata, the sample a margin needs (R85)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95
FEW = 5
"""Fewer answers than these, all the same, do not show that a stratum does not vary."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` answers with its interval; all None where nobody answered. `margin` is half the interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def margin(self) -> float | None:
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Counted:
    """Of `answered` people in a stratum of `population`, so many said so."""

    population: int
    answered: int
    said_so: int


def effective_size(n: int, population: int | None) -> float:
    """How many answers of an endless population weigh as much: n (N − 1) / (N − n); infinite where all were asked.

    Source: the finite-population correction (N − n) / (N − 1) of the variance of a share, put into n.
    """
    if population is None:
        return float(n)
    if n >= population:
        return math.inf
    return n * (population - 1) / (population - n)


def wilson(share: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share of `n` answers, which need not be whole (Wilson 1927)."""
    if math.isinf(n):
        return share, share
    z = _z(confidence)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def share_of(said_so: int, n: int, population: int | None = None, confidence: float = CONFIDENCE) -> Share:
    """F24: a share with Wilson's interval and finite-population correction; no answer is no data."""
    if n == 0:
        return Share(None, None, None, 0)
    share = said_so / n
    low, high = wilson(share, effective_size(n, population), confidence)
    return Share(share, low, high, n)


def weigh_strata(strata: Iterable[Counted], confidence: float = CONFIDENCE) -> Share:
    """The share of the whole population from strata that were sampled unequally: each weighs by its population.

    Strata without answers are not covered and weigh nothing: what is said holds for the others. The interval is
    Wilson's for as many answers of a simple sample as have the same variance, Σ W² p(1 − p)/(n′) (Korn and Graubard
    1998); where that is zero because all agree, for the effective answers of the thinnest weighting, (Σ W)²/Σ(W²/n′).
    A stratum of which few answered, all the same, is taken to vary as all do.
    """
    known = [stratum for stratum in strata if stratum.answered]
    n = sum(stratum.answered for stratum in known)
    if not known:
        return Share(None, None, None, 0)
    whole = sum(stratum.population for stratum in known)
    share = sum(stratum.population / whole * stratum.said_so / stratum.answered for stratum in known)
    variance = spread = 0.0
    for stratum in known:
        weight = stratum.population / whole
        own = stratum.said_so / stratum.answered
        size = effective_size(stratum.answered, stratum.population)
        varies = share if stratum.answered < FEW and own in (0, 1) else own
        variance += weight * weight * varies * (1 - varies) / size
        spread += weight * weight / size
    if spread == 0:
        return Share(share, share, share, n)
    size = share * (1 - share) / variance if variance > 0 else 1 / spread
    low, high = wilson(share, size, confidence)
    return Share(share, low, high, n)


def required_answers(population: int, margin: float, confidence: float = CONFIDENCE, share: float = 0.5) -> int:
    """How many of `population` must answer for a margin of at most ± `margin` about `share`: n₀ = z² p(1 − p)/e²,
    corrected for the finite population, n = n₀ / (1 + (n₀ − 1)/N) (Cochran 1977)."""
    if population <= 0:
        return 0
    z = _z(confidence)
    endless = z * z * share * (1 - share) / (margin * margin)
    return min(population, math.ceil(round(endless / (1 + (endless - 1) / population), 9)))


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
