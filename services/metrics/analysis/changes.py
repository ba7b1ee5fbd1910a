"""Change points: where the level of a series changed for good (R129, R144).

Candidates come from PELT (Killick, Fearnhead & Eckley 2012, `ruptures`) on the series' ranks: least squares of ranks, a
minimum segment length, the penalty 2·ln n of BIC. Ranks, so that a spike weighs no more than any other extreme value.

PELT finds the best places, not whether there is anything to find. Each candidate must stand two tests against its
neighbouring segments: the medians differ by at least `minimum_shift` robust standard deviations (1.4826 × the median
absolute deviation from each segment's own median), and the two-sided Mann-Whitney test is significant at α after
Bonferroni's correction for all places where a change could have been found, as the place was chosen by the data. The
weakest candidate that fails goes first, its segments become one, and the rest is tested again.
"""

import math

import numpy as np
import ruptures
from scipy import stats

from services.metrics.analysis.questions import Change, Changes, FindChanges

_EXACT_UP_TO = 50
_CONSISTENT = 1.4826


def find_changes(asked: FindChanges) -> Changes:
    """The changes that stand; none in fewer than two segments' worth of values."""
    values = np.asarray(asked.values, dtype=float)
    places = max(len(values) - 2 * asked.minimum_segment + 1, 0)
    kept = _candidates(values, asked.minimum_segment) if places else []
    found = len(kept)
    while kept:
        judged = _judge(values, kept, places)
        failing = [change for change in judged if not _stands(change, asked)]
        if not failing:
            return Changes(changes=tuple(judged), candidates=found, places=places)
        kept.remove(max(failing, key=lambda change: change.p_value).index)
    return Changes(changes=(), candidates=found, places=places)


def _candidates(values: np.ndarray, minimum_segment: int) -> list[int]:
    ranks = stats.rankdata(values)
    if ranks.min() == ranks.max():
        return []
    standard = ((ranks - ranks.mean()) / ranks.std()).reshape(-1, 1)
    search = ruptures.KernelCPD(kernel="linear", min_size=minimum_segment, jump=1).fit(standard)
    return [int(end) for end in search.predict(pen=2 * math.log(len(values)))[:-1]]


def _judge(values: np.ndarray, kept: list[int], places: int) -> list[Change]:
    edges = [0, *kept, len(values)]
    return [
        _compare(values[start:index], values[index:end], index, places)
        for start, index, end in zip(edges, kept, edges[2:], strict=False)
    ]


def _compare(before: np.ndarray, after: np.ndarray, index: int, places: int) -> Change:
    medians = float(np.median(before)), float(np.median(after))
    off = np.concatenate([np.abs(before - medians[0]), np.abs(after - medians[1])])
    distinct = len(np.unique(np.concatenate([before, after]))) == len(before) + len(after)
    exact = distinct and max(len(before), len(after)) <= _EXACT_UP_TO
    p_value = float(stats.mannwhitneyu(before, after, method="exact" if exact else "asymptotic").pvalue)
    return Change(
        index=index,
        before=medians[0],
        after=medians[1],
        before_n=len(before),
        after_n=len(after),
        shift=medians[1] - medians[0],
        noise=_CONSISTENT * float(np.median(off)),
        p_value=min(p_value, 1.0),
        p_adjusted=min(p_value * places, 1.0),
    )


def _stands(change: Change, asked: FindChanges) -> bool:
    is_large = change.shift != 0 and abs(change.shift) >= asked.minimum_shift * change.noise
    return is_large and change.p_adjusted < asked.alpha
