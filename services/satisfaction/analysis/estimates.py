"""Means of a population whose strata were sampled unequally, and the comparison of two such estimates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from services.satisfaction.analysis.proportions import CONFIDENCE, effective_size
from services.satisfaction.analysis.scores import Column


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its standard error and degrees of freedom; both None where nothing tells how much it varies."""

    value: float | None
    low: float | None
    high: float | None
    error: float | None
    freedom: float | None
    n: int


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
    stratum that is Student's interval. A stratum with a single answer is taken to vary as all answers do.
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
    parts = []
    for population, own in known:
        size = effective_size(int(own.size), population)
        spread = overall if own.size == 1 else float(own.var(ddof=1))
        parts.append(((population / whole) ** 2 * spread / size, max(int(own.size) - 1, 1)))
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Estimate(value, value, value, 0.0, float(n - 1), n)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    error = math.sqrt(variance)
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return Estimate(value, value - half, value + half, error, freedom, n)


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
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    p_value = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Difference(difference, difference - half, difference + half, p_value)
