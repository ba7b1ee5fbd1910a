"""SERVQUAL (F21, R175): perception minus expectation by item, dimension and ITIL process, and how far to trust it.

Missing answers: an item's E, P and gap are those of the respondents who answered it (the gap: both halves of it). A
dimension's value is the mean of its items' values, the whole's the weighted mean of the dimensions. α and tests need
whole rows: respondents who answered every item of the group.
Source: Parasuraman, Zeithaml, Berry 1988; Cronbach 1951.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from services.satisfaction.analysis.proportions import CONFIDENCE
from services.satisfaction.analysis.scores import Column, mean_of

Matrix = NDArray[np.float64]
"""A row a respondent, a column an item; NaN where there is no answer."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's α: `raw` by covariances, `standardised` by the mean correlation. None for a single item, fewer than
    two whole rows, or where nothing varies. `n` are the whole rows."""

    raw: float | None
    standardised: float | None
    n: int


@dataclass(frozen=True, slots=True)
class ItemGap:
    """One item: means of expectation, perception and gap, each over those who answered it."""

    item: str
    expectation: float | None
    perception: float | None
    gap: float | None
    n: int


@dataclass(frozen=True, slots=True)
class GroupGap:
    """A dimension or a process. `low` and `high` are the gap's interval over whole rows, `p_value` says how likely such
    a gap is where there is none, corrected for the number of groups (Holm 1979)."""

    group: str
    items: tuple[str, ...]
    expectation: float | None
    perception: float | None
    gap: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    alpha_expectation: Alpha
    alpha_perception: Alpha
    alpha_gap: Alpha

    def is_significantly_negative(self, alpha: float = 1 - CONFIDENCE) -> bool:
        """What opens an improvement: the service is less than was expected, and not by chance."""
        return self.gap is not None and self.gap < 0 and self.p_value is not None and self.p_value < alpha


@dataclass(frozen=True, slots=True)
class Whole:
    """All dimensions: `gap` is Σ w · gap with Σ w = 1, `unweighted` the mean over all items."""

    expectation: float | None
    perception: float | None
    gap: float | None
    unweighted: float | None
    alpha_expectation: Alpha
    alpha_perception: Alpha
    alpha_gap: Alpha


def cronbach(answers: Matrix) -> Alpha:
    """Cronbach's α of the items (columns) over the rows without a missing answer."""
    whole = answers[~np.isnan(answers).any(axis=1)]
    n, items = int(whole.shape[0]), whole.shape[1]
    if n < 2 or items < 2:
        return Alpha(None, None, n)
    covariances = np.cov(whole, rowvar=False, ddof=1)
    total = float(covariances.sum())
    variances = np.diagonal(covariances)
    raw = None if total <= 0 else float(items / (items - 1) * (1 - variances.sum() / total))
    if (variances <= 0).any():
        return Alpha(raw, None, n)
    correlations = covariances / np.sqrt(np.outer(variances, variances))
    mean = (float(correlations.sum()) - items) / (items * (items - 1))
    divisor = 1 + (items - 1) * mean
    return Alpha(raw, None if divisor <= 0 else items * mean / divisor, n)


def gaps_by_item(items: Sequence[str], expectation: Matrix, perception: Matrix) -> list[ItemGap]:
    """F21, in the order of the questionnaire."""
    gap = perception - expectation
    return [
        ItemGap(
            item,
            mean_of(expectation[:, place]).value,
            mean_of(perception[:, place]).value,
            mean_of(gap[:, place]).value,
            int((~np.isnan(gap[:, place])).sum()),
        )
        for place, item in enumerate(items)
    ]


def gaps_by_group(
    items: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    expectation: Matrix,
    perception: Matrix,
    population: int | None = None,
) -> list[GroupGap]:
    """F21 for dimensions, or for processes: each group with the items that belong to it.

    The test is Student's on each respondent's mean gap over the group.
    """
    places = {item: place for place, item in enumerate(items)}
    each = [
        _gap_of(name, tuple(own), [places[item] for item in own], expectation, perception, population)
        for name, own in groups.items()
    ]
    corrected = correct_for_many([group.p_value for group in each])
    return [replace(group, p_value=p_value) for group, p_value in zip(each, corrected, strict=True)]


def whole_of(
    groups: Sequence[GroupGap], weights: Mapping[str, float] | None, expectation: Matrix, perception: Matrix
) -> Whole:
    """All dimensions together; without weights each dimension counts the same.

    Raises:
        ValueError: weights that are negative, of other dimensions, or do not add up to 1.
    """
    given = weights or {group.group: 1 / len(groups) for group in groups}
    is_whole = given.keys() == {group.group for group in groups} and math.isclose(sum(given.values()), 1)
    if not is_whole or min(given.values()) < 0:
        raise ValueError("weights must name every dimension once, none below 0, and add up to 1")
    gap = perception - expectation
    known = {group.group: group for group in groups if group.gap is not None}
    total = sum(given[name] for name in known)
    weighted = {
        part: sum(given[name] * getattr(group, part) for name, group in known.items()) / total if total else None
        for part in ("expectation", "perception", "gap")
    }
    return Whole(
        weighted["expectation"],
        weighted["perception"],
        weighted["gap"],
        _mean_of_means(gap),
        cronbach(expectation),
        cronbach(perception),
        cronbach(gap),
    )


def correct_for_many(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction; what is None stays None and is not counted."""
    known = sorted((p_value, place) for place, p_value in enumerate(p_values) if p_value is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p_value, place) in enumerate(known):
        highest = max(highest, min(1.0, p_value * (len(known) - rank)))
        corrected[place] = highest
    return corrected


def _gap_of(
    name: str,
    items: tuple[str, ...],
    places: list[int],
    expectation: Matrix,
    perception: Matrix,
    population: int | None,
) -> GroupGap:
    wanted, got = expectation[:, places], perception[:, places]
    gap = got - wanted
    whole: Column = gap[~np.isnan(gap).any(axis=1)].mean(axis=1)
    told = mean_of(whole, population)
    return GroupGap(
        name,
        items,
        _mean_of_means(wanted),
        _mean_of_means(got),
        _mean_of_means(gap),
        told.low,
        told.high,
        _p_value_of_none(whole),
        told.n,
        cronbach(wanted),
        cronbach(got),
        cronbach(gap),
    )


def _mean_of_means(answers: Matrix) -> float | None:
    """The mean of the items' means; items that nobody answered are left out."""
    means = [mean_of(answers[:, place]).value for place in range(answers.shape[1])]
    known = [mean for mean in means if mean is not None]
    return sum(known) / len(known) if known else None


def _p_value_of_none(gaps: Column) -> float | None:
    if gaps.size < 2 or np.ptp(gaps) == 0:
        return None
    return float(stats.ttest_1samp(gaps, 0.0).pvalue)
