"""A campaign against the one before."""

from collections.abc import Sequence

from scipy import stats

from services.satisfaction.analysis.estimates import Difference, compare_estimates
from services.satisfaction.analysis.proportions import CONFIDENCE
from services.satisfaction.analysis.schemas import Compared, Comparison, Figure, GroupResult, Previous
from services.satisfaction.analysis.scores import compare_shares
from services.satisfaction.analysis.servqual import correct_for_many


def compare_campaigns(
    figures: Sequence[Figure],
    groups: Sequence[GroupResult],
    stratified: bool,
    confidence: float,
    previous: Previous | None,
) -> Comparison | None:
    """Every figure and group that both campaigns have on the same scale; None without a campaign before."""
    if previous is None:
        return None
    earlier = {figure.key: figure for figure in previous.figures}
    earlier_groups = {(group.aspect, group.key): group for group in previous.groups}
    both_plain = not stratified and not previous.stratified
    told = [
        _compare_figures(figure, earlier[figure.key], both_plain, confidence)
        for figure in figures
        if figure.key in earlier
    ]
    told += [
        _compare_groups(group, earlier_groups[group.aspect, group.key], confidence)
        for group in groups
        if (group.aspect, group.key) in earlier_groups
    ]
    found = [one for one in told if one is not None]
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
    )


def _compare_figures(now: Figure, before: Figure, both_plain: bool, confidence: float) -> Compared | None:
    is_same = (now.kind, now.unit, now.least, now.most) == (before.kind, before.unit, before.least, before.most)
    estimates = [_estimate_of(one) for one in (now, before)]
    if not is_same or now.value is None or before.value is None or estimates[0] is None or estimates[1] is None:
        return None
    found = compare_estimates(estimates[0], estimates[1], confidence)
    if now.said_so is not None and before.said_so is not None and both_plain:
        p_value = compare_shares(now.said_so, now.n, before.said_so, before.n)
        return _told("figure", now.key, now.value, before.value, found, p_value, "fisher")
    return _told("figure", now.key, now.value, before.value, found, found.p_value, "welch")


def _compare_groups(now: GroupResult, before: GroupResult, confidence: float) -> Compared | None:
    """The test takes those who answered all items of the group, as its interval does."""
    estimates = [_estimate_of_gap(one) for one in (now, before)]
    if now.gap is None or before.gap is None or estimates[0] is None or estimates[1] is None:
        return None
    found = compare_estimates(estimates[0], estimates[1], confidence)
    return _told(now.aspect, now.key, now.gap, before.gap, found, found.p_value, "welch")


def _told(
    aspect: str, key: str, now: float, before: float, found: Difference, p_value: float | None, test: str
) -> Compared:
    return Compared.model_validate(
        {
            "aspect": aspect,
            "key": key,
            "now": now,
            "before": before,
            "difference": now - before,
            "low": found.low,
            "high": found.high,
            "p_value": p_value,
            "test": test,
            "significant": False,
        }
    )


def _estimate_of(figure: Figure) -> tuple[float, float, float] | None:
    if figure.value is None or figure.error is None or figure.freedom is None:
        return None
    return figure.value, figure.error, figure.freedom


def _estimate_of_gap(group: GroupResult) -> tuple[float, float, float] | None:
    """The standard error again from the interval, which is Student's at 95 %."""
    if group.low is None or group.high is None or group.n < 2:
        return None
    freedom = float(group.n - 1)
    error = (group.high - group.low) / 2 / float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom))
    return (group.low + group.high) / 2, error, freedom
