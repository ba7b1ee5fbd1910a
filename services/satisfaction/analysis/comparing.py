"""A campaign against the one before."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from services.satisfaction.analysis.estimates import Difference, compare_estimates
from services.satisfaction.analysis.proportions import CONFIDENCE
from services.satisfaction.analysis.schemas import Compared, Comparison, Figure, GroupResult, NotCompared, Previous
from services.satisfaction.analysis.scores import compare_shares
from services.satisfaction.analysis.servqual import correct_for_many
from services.satisfaction.analysis.students import find_quantile

Reason = Literal["only_now", "only_before", "other_items", "other_scale", "too_few_answers"]
Result = TypeVar("Result", Figure, GroupResult)
Estimated = tuple[float, float, float]
"""Value, standard error and degrees of freedom."""
ASPECTS: tuple[Literal["dimension", "process"], ...] = ("dimension", "process")


@dataclass(frozen=True, slots=True)
class _Side(Generic[Result]):
    result: Result
    told: Estimated


def compare_campaigns(
    figures: Sequence[Figure],
    groups: Sequence[GroupResult],
    digest: str,
    stratified: bool,
    confidence: float,
    previous: Previous | None,
) -> Comparison | None:
    """Every figure and group that both campaigns made of the same items on the same scales, and why the others are not
    compared; None without a campaign before."""
    if previous is None:
        return None
    both_plain = not stratified and not previous.stratified
    found: list[Compared] = []
    left: list[NotCompared] = []
    for key, figure, old in _pair({one.key: one for one in figures}, {one.key: one for one in previous.figures}):
        sides = _judge(figure, old, _estimate_figure)
        if isinstance(sides, str):
            left.append(NotCompared(aspect="figure", key=key, reason=sides))
        else:
            found.append(_compare_figures(*sides, both_plain, confidence, previous.confidence))
    for aspect in ASPECTS:
        for key, group, before in _pair(_of(aspect, groups), _of(aspect, previous.groups)):
            both = _judge(group, before, _estimate_gap)
            if isinstance(both, str):
                left.append(NotCompared(aspect=aspect, key=key, reason=both))
            else:
                found.append(_tell(aspect, key, *both, compare_estimates(both[0].told, both[1].told, confidence)))
    corrected = correct_for_many([one.p_value for one in found])
    return Comparison(
        campaign_id=previous.id,
        number=previous.number,
        title=previous.title,
        closed_at=previous.closed_at,
        compared=tuple(
            one.model_copy(update={"p_value": p_value, "significant": p_value is not None and p_value < 1 - confidence})
            for one, p_value in zip(found, corrected, strict=True)
        ),
        not_compared=tuple(left),
        same_questionnaire=digest == previous.digest,
    )


def _pair(now: Mapping[str, Result], before: Mapping[str, Result]) -> list[tuple[str, Result | None, Result | None]]:
    return [(key, now.get(key), before.get(key)) for key in {**now, **before}]


def _of(aspect: str, groups: Sequence[GroupResult]) -> dict[str, GroupResult]:
    return {group.key: group for group in groups if group.aspect == aspect}


def _judge(
    now: Result | None, before: Result | None, estimate: Callable[[Result], Estimated | None]
) -> Reason | tuple[_Side[Result], _Side[Result]]:
    """Both sides, or why they are not compared. What was frozen before the basis was kept is taken to be alike."""
    if now is None or before is None:
        return "only_now" if before is None else "only_before"
    if now.basis and before.basis and {one.item for one in now.basis} != {one.item for one in before.basis}:
        return "other_items"
    if _scale_of(now) != _scale_of(before) or (now.basis and before.basis and set(now.basis) != set(before.basis)):
        return "other_scale"
    told, told_before = estimate(now), estimate(before)
    if told is None or told_before is None:
        return "too_few_answers"
    return _Side(now, told), _Side(before, told_before)


def _scale_of(result: Figure | GroupResult) -> tuple[object, ...]:
    return (result.kind, result.unit, result.least, result.most) if isinstance(result, Figure) else ()


def _compare_figures(
    now: _Side[Figure], before: _Side[Figure], both_plain: bool, confidence: float, confidence_before: float
) -> Compared:
    """A share that everybody or nobody is of has no standard error, though it may err: its interval tells how far."""
    found = compare_estimates(now.told, before.told, confidence)
    if now.result.said_so is None or before.result.said_so is None:
        return _tell("figure", now.result.key, now, before, found)
    if confidence == confidence_before:
        low, high = _span_difference(now.result, before.result)
        found = replace(found, low=low, high=high)
    told = _tell("figure", now.result.key, now, before, found)
    if not both_plain or found.low == found.high:
        return told
    p_value = compare_shares(now.result.said_so, now.result.n, before.result.said_so, before.result.n)
    return told.model_copy(update={"p_value": p_value, "test": "fisher"})


def _span_difference(now: Figure, before: Figure) -> tuple[float | None, float | None]:
    """From the intervals of both shares (Newcombe 1998, his tenth method)."""
    value, low, high = now.value, now.low, now.high
    other, other_low, other_high = before.value, before.low, before.high
    if value is None or low is None or high is None or other is None or other_low is None or other_high is None:
        return None, None
    difference = value - other
    return (
        difference - math.hypot(value - low, other_high - other),
        difference + math.hypot(high - value, other - other_low),
    )


def _tell(
    aspect: Literal["figure", "dimension", "process"],
    key: str,
    now: _Side[Result],
    before: _Side[Result],
    found: Difference,
) -> Compared:
    return Compared(
        aspect=aspect,
        key=key,
        now=now.told[0],
        before=before.told[0],
        difference=found.value,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        test="welch",
        significant=False,
    )


def _estimate_figure(figure: Figure) -> Estimated | None:
    if figure.value is None or figure.error is None or figure.freedom is None:
        return None
    return figure.value, figure.error, figure.freedom


def _estimate_gap(group: GroupResult) -> Estimated | None:
    """What was frozen before errors were kept has an interval at 95 % to read them from."""
    if group.gap is None or group.low is None or group.high is None or group.n < 2:
        return None
    if group.error is not None and group.freedom is not None:
        return group.gap, group.error, group.freedom
    half = (group.high - group.low) / 2
    return group.gap, half / find_quantile((1 + CONFIDENCE) / 2, group.n - 1.0), group.n - 1.0
