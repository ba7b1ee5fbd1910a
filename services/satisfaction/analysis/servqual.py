"""SERVQUAL (F21, R175): perception minus expectation by item, dimension and ITIL process, and how far to trust it.

Missing answers: an item's E, P and gap are those of the respondents who answered it (the gap: both halves of it). A
dimension's value is the mean of its items' values, the whole's the weighted mean of the dimensions; their intervals and
tests take everybody who answered any of it. α needs whole rows: respondents who answered every item of the group.
Strata weigh by their population, in each item those in which somebody answered it; α counts every respondent the same.
Source: Parasuraman, Zeithaml, Berry 1988; Cronbach 1951.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.satisfaction.analysis.estimates import Spread, add_spreads
from services.satisfaction.analysis.proportions import CONFIDENCE, FEW
from services.satisfaction.analysis.strata import Strata
from services.satisfaction.analysis.students import exceed, find_quantile

Matrix = NDArray[np.float64]
"""A row a respondent, a column an item; NaN where there is no answer."""

_ROUNDING = 1e-12
"""What is left of a sum that is nothing but for rounding, as a part of what was added up."""

Undefined = Literal["one_item", "too_few_answers", "no_variance"]


@dataclass(frozen=True, slots=True)
class Alpha:
    """Cronbach's α: `raw` by covariances, `standardised` by the mean correlation. `n` are the whole rows. `undefined`
    says why one of them is None: a single item, fewer than two whole rows, or an item or the sum that does not vary."""

    raw: float | None
    standardised: float | None
    n: int
    undefined: Undefined | None = None


@dataclass(frozen=True, slots=True)
class ItemGap:
    """One item: means of expectation, perception and gap, each over those who answered it. `n` gave both halves; where
    nobody was asked what they perceive, the expectation."""

    item: str
    expectation: float | None
    perception: float | None
    gap: float | None
    n: int


@dataclass(frozen=True, slots=True)
class GapEstimate:
    """A gap of several items with its interval. `p_value` says how likely such a gap is where there is none, among
    people without number: it asks about the service, not about those people alone. `n` answered any of the items."""

    gap: float | None
    low: float | None
    high: float | None
    error: float | None
    freedom: float | None
    p_value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class GroupGap:
    """A dimension or a process. The p-value of its gap is corrected for the number of groups (Holm 1979)."""

    group: str
    items: tuple[str, ...]
    expectation: float | None
    perception: float | None
    told: GapEstimate
    alpha_expectation: Alpha
    alpha_perception: Alpha
    alpha_gap: Alpha


@dataclass(frozen=True, slots=True)
class Whole:
    """All dimensions: the gap is Σ w · gap with Σ w = 1, `unweighted` the mean over all items."""

    expectation: float | None
    perception: float | None
    told: GapEstimate
    unweighted: float | None
    alpha_expectation: Alpha
    alpha_perception: Alpha
    alpha_gap: Alpha


class Half:
    """The answers to one half of all statements, or their gaps: the mean of each item, and what each respondent adds to
    its error."""

    def __init__(self, answers: Matrix, strata: Strata) -> None:
        self.answers, self._strata = answers, strata
        self.is_known = ~np.isnan(answers)
        self._filled = np.where(self.is_known, answers, 0.0)
        columns = range(answers.shape[1])
        shape = (len(strata.names), answers.shape[1])
        counts = [strata.sum(self.is_known[:, place].astype(np.float64)) for place in columns]
        sums = [strata.sum(self._filled[:, place]) for place in columns]
        self._counts = np.array(counts).T.reshape(shape)
        self._means = np.array(sums).T.reshape(shape) / np.maximum(self._counts, 1)
        heard = np.where(self._counts > 0, strata.populations[:, None], 0.0)
        self._weights = heard / np.maximum(heard.sum(axis=0), 1)
        self.means = np.where(heard.sum(axis=0) > 0, (self._weights * self._means).sum(axis=0), np.nan)

    def mean_of(self, place: int) -> float | None:
        """The item's mean; None where nobody answered it."""
        mean = float(self.means[place])
        return None if math.isnan(mean) else mean

    def count(self, *places: int) -> int:
        """How many answered any of them."""
        return int(self.is_known[:, places].any(axis=1).sum())

    def combine(self, shares: NDArray[np.float64]) -> float | None:
        """The mean over items of which each counts for its share; those that nobody answered count for nothing."""
        shares = np.where(np.isnan(self.means), 0.0, shares)
        if shares.sum() == 0:
            return None
        return float((shares / shares.sum() * np.nan_to_num(self.means)).sum())

    def estimate(self, shares: NDArray[np.float64], confidence: float) -> GapEstimate:
        """`combine` with its error, which is linearised: what each respondent moves it by. Where everybody answered
        everything and there is one stratum, that is Student's interval of the respondents' means."""
        value = self.combine(shares)
        shares = np.where(np.isnan(self.means), 0.0, shares)
        took_part: NDArray[np.bool_] = np.asarray(self.is_known[:, shares > 0].any(axis=1))
        n = int(took_part.sum())
        if value is None or n < 2:
            return GapEstimate(value, None, None, None, None, None, n)
        spreads = self._spread(took_part, shares / shares.sum())
        error, freedom = add_spreads(spreads, n)
        half = find_quantile((1 + confidence) / 2, freedom) * error if error else 0.0
        p_value = _p_value_of_none(value, n, *add_spreads(spreads, n, finite=False))
        return GapEstimate(value, value - half, value + half, error, freedom, p_value, n)

    def alpha(self, places: NDArray[np.intp]) -> Alpha:
        """Cronbach's α of these items."""
        if self._covariances is None:
            return cronbach(self.answers[:, places])
        return alpha_of(self._covariances[np.ix_(places, places)], len(self.answers))

    @cached_property
    def _moved(self) -> Matrix:
        """How far one answer of a stratum moves an item's mean."""
        moved: Matrix = self._weights / np.maximum(self._counts, 1)
        return moved

    @cached_property
    def _pulls(self) -> Matrix:
        """How far each answer moves its item's mean from that of its stratum."""
        around = (self._filled - self._means[self._strata.of_rows]) * self.is_known
        pulls: Matrix = around * self._moved[self._strata.of_rows]
        return pulls

    @cached_property
    def _covariances(self) -> Matrix | None:
        """Of all items, where everybody answered all of them."""
        if len(self.answers) < 2 or not self.is_known.all():
            return None
        return np.atleast_2d(np.cov(self.answers, rowvar=False, ddof=1))

    def _spread(self, took_part: NDArray[np.bool_], shares: NDArray[np.float64]) -> list[Spread]:
        """A stratum of which few answered, all the same, is taken to vary as all do."""
        pulls = self._pulls @ shares
        pulls[np.abs(pulls) <= _ROUNDING * (np.abs(self._pulls) @ shares)] = 0.0
        sizes = self._strata.sum(took_part.astype(np.float64))
        squares = self._strata.sum(pulls * pulls)
        is_alike = (sizes < FEW) & (squares == 0)
        overall = 0.0
        if is_alike.any():
            own = (self._filled[took_part] @ shares) / (self.is_known[took_part] @ shares)
            overall = float(own.var(ddof=1))
        pull_of_one = self._moved @ shares
        return [
            Spread(
                float(
                    overall * pull_of_one[number] ** 2 * size
                    if is_alike[number]
                    else squares[number] * size / (size - 1)
                ),
                int(size),
                int(self._strata.populations[number]),
            )
            for number, size in enumerate(sizes)
            if size
        ]


@dataclass(frozen=True, slots=True)
class Halves:
    """Expectation, perception and the gap of all pairs."""

    expectation: Half
    perception: Half
    gap: Half


def read_halves(expectation: Matrix, perception: Matrix, strata: Strata) -> Halves:
    """Both halves, and what is between them where a respondent answered both."""
    return Halves(Half(expectation, strata), Half(perception, strata), Half(perception - expectation, strata))


def cronbach(answers: Matrix) -> Alpha:
    """Cronbach's α of the items (columns) over the rows without a missing answer."""
    whole = answers[~np.isnan(answers).any(axis=1)]
    n, items = int(whole.shape[0]), whole.shape[1]
    if items < 2:
        return Alpha(None, None, n, "one_item")
    if n < 2:
        return Alpha(None, None, n, "too_few_answers")
    return alpha_of(np.cov(whole, rowvar=False, ddof=1), n)


def alpha_of(covariances: Matrix, n: int) -> Alpha:
    """Cronbach's α of the items that vary so together among `n` rows, two or more."""
    items = len(covariances)
    if items < 2:
        return Alpha(None, None, n, "one_item")
    total = float(covariances.sum())
    variances = np.diagonal(covariances)
    raw = None if total <= 0 else float(items / (items - 1) * (1 - variances.sum() / total))
    if (variances <= 0).any():
        return Alpha(raw, None, n, "no_variance")
    correlations = covariances / np.sqrt(np.outer(variances, variances))
    mean = (float(correlations.sum()) - items) / (items * (items - 1))
    divisor = 1 + (items - 1) * mean
    standardised = None if divisor <= 0 else items * mean / divisor
    return Alpha(raw, standardised, n, None if raw is not None and standardised is not None else "no_variance")


def gaps_by_item(items: Sequence[str], halves: Halves) -> list[ItemGap]:
    """F21, in the order of the questionnaire."""
    return [
        ItemGap(
            item,
            halves.expectation.mean_of(place),
            halves.perception.mean_of(place),
            halves.gap.mean_of(place),
            halves.gap.count(place) or halves.expectation.count(place),
        )
        for place, item in enumerate(items)
    ]


def gaps_by_group(
    items: Sequence[str], groups: Mapping[str, Sequence[str]], halves: Halves, confidence: float = CONFIDENCE
) -> list[GroupGap]:
    """F21 for dimensions, or for processes: each group with the items that belong to it."""
    each = []
    for name, own in groups.items():
        shares = _share_out(items, dict.fromkeys(own, 1.0))
        places = np.flatnonzero(shares)
        told = halves.gap.estimate(shares, confidence)
        each.append(
            GroupGap(
                name,
                tuple(own),
                halves.expectation.combine(shares),
                halves.perception.combine(shares),
                replace(told, n=told.n or halves.expectation.count(*places)),
                *(half.alpha(places) for half in (halves.expectation, halves.perception, halves.gap)),
            )
        )
    corrected = correct_for_many([group.told.p_value for group in each])
    return [
        replace(group, told=replace(group.told, p_value=p_value))
        for group, p_value in zip(each, corrected, strict=True)
    ]


def whole_of(
    items: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    weights: Mapping[str, float],
    halves: Halves,
    confidence: float = CONFIDENCE,
) -> Whole:
    """All dimensions together, each by its weight; one that nobody answered weighs nothing.

    Raises:
        ValueError: weights that are negative, of other dimensions, or do not add up to 1.
    """
    is_whole = weights.keys() == groups.keys() and math.isclose(sum(weights.values()), 1)
    if not is_whole or min(weights.values()) < 0:
        raise ValueError("weights must name every dimension once, none below 0, and add up to 1")
    return Whole(
        halves.expectation.combine(_weigh(items, groups, weights, halves.expectation)),
        halves.perception.combine(_weigh(items, groups, weights, halves.perception)),
        halves.gap.estimate(_weigh(items, groups, weights, halves.gap), confidence),
        halves.gap.combine(np.ones(len(items))),
        *(half.alpha(np.arange(len(items))) for half in (halves.expectation, halves.perception, halves.gap)),
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


def _weigh(
    items: Sequence[str], groups: Mapping[str, Sequence[str]], weights: Mapping[str, float], half: Half
) -> NDArray[np.float64]:
    """What each item counts for: its dimension's weight, shared out among those of its items that were answered."""
    answered = {item for item, mean in zip(items, half.means, strict=True) if not math.isnan(mean)}
    shares: dict[str, float] = {}
    for name, own in groups.items():
        heard = [item for item in own if item in answered]
        shares |= {item: weights[name] / len(heard) for item in heard}
    return _share_out(items, shares)


def _share_out(items: Sequence[str], shares: Mapping[str, float]) -> NDArray[np.float64]:
    return np.array([shares.get(item, 0.0) for item in items])


def _p_value_of_none(gap: float, n: int, error: float, freedom: float) -> float:
    """Student's test; where all say the same, which it cannot judge, the sign test: 2 · ½ⁿ."""
    if error == 0:
        return 1.0 if gap == 0 else min(1.0, 2 * math.exp(-n * math.log(2)))
    return min(1.0, 2 * exceed(abs(gap) / error, freedom))
