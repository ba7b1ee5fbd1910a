"""Means of a population whose strata were sampled unequally, and the comparison of two such estimates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.satisfaction.analysis.proportions import CONFIDENCE, FEW, effective_size
from services.satisfaction.analysis.scores import Column
from services.satisfaction.analysis.students import exceed, find_quantile


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard error and degrees of freedom; both None where nothing tells how much it varies.
    `design_effect` is by how much its variance is that of a simple random sample of as many answers (Kish 1965)."""

    value: float | None
    low: float | None
    high: float | None
    error: float | None
    freedom: float | None
    n: int
    design_effect: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """What one stratum adds to the variance of an estimate, of an endless population; `size` of its `population`
    answered."""

    variance: float
    size: int
    population: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`p_value` is None where neither side can err."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None


def weigh_means(strata: Sequence[tuple[int, Column]], confidence: float = CONFIDENCE) -> Estimate:
    """The mean of the whole population: each stratum (population, answers) weighs by its population, those without
    answers weigh nothing.

    Variance Σ W² s²/n′ with finite-population correction, degrees of freedom after Satterthwaite (1946); with one
    stratum that is Student's interval. A stratum of which few answered, all the same, is taken to vary as all do.
    """
    known = [(population, own) for population, column in strata if (own := column[~np.isnan(column)]).size]
    n = sum(int(own.size) for _, own in known)
    if not known:
        return Estimate(None, None, None, None, None, 0)
    whole = sum(population for population, _ in known)
    value = sum(population / whole * float(own.mean()) for population, own in known)
    if n < 2:
        return Estimate(value, None, None, None, None, n)
    overall = float(np.concatenate([own for _, own in known]).var(ddof=1))
    spreads = []
    for population, own in known:
        varies = overall if own.size < FEW and np.ptp(own) == 0 else float(own.var(ddof=1))
        spreads.append(Spread((population / whole) ** 2 * varies / own.size, int(own.size), population))
    error, freedom = add_spreads(spreads, n)
    around = sum(population / whole * float(np.square(own - value).mean()) for population, own in known)
    simple = around * n / (n - 1) / effective_size(n, whole)
    half = find_quantile((1 + confidence) / 2, freedom) * error if error else 0.0
    return Estimate(
        value, value - half, value + half, error, freedom, n, error * error / simple if error and simple else None
    )


def add_spreads(spreads: Sequence[Spread], n: int, *, finite: bool = True) -> tuple[float, float]:
    """The standard error of `n` answers and its degrees of freedom, after Satterthwaite; n − 1 where nothing varies.
    Not `finite`: as if the population had no end."""
    parts = [
        (one.variance * _correct(one.size, one.population if finite else None), max(one.size - 1, 1)) for one in spreads
    ]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 0.0, float(n - 1)
    return math.sqrt(variance), variance**2 / sum(part**2 / degrees for part, degrees in parts)


def _correct(size: int, population: int | None) -> float:
    """The finite-population correction (N − n)/(N − 1) of a variance."""
    return size / effective_size(size, population)


def compare_estimates(
    now: tuple[float, float, float], before: tuple[float, float, float], confidence: float = CONFIDENCE
) -> Difference:
    """Welch's test of two estimates, each (value, standard error, degrees of freedom)."""
    difference = now[0] - before[0]
    squares = now[1] ** 2, before[1] ** 2
    total = sum(squares)
    if total == 0:
        return Difference(difference, difference, difference, None)
    freedom = total**2 / (squares[0] ** 2 / now[2] + squares[1] ** 2 / before[2])
    error = math.sqrt(total)
    half = find_quantile((1 + confidence) / 2, freedom) * error
    return Difference(difference, difference - half, difference + half, 2 * exceed(abs(difference) / error, freedom))
