"""Did it work? The statistics behind a verdict on an improvement (R24, R38, R129).

Each data kind has one one-sided test and one interval for each side, the same at every size of the samples:

- proportions: Fisher's exact test; the Wilson score interval (1927);
- counts: the conditional binomial test of two Poisson rates (Przyborowski & Wilenski 1940), exact; Garwood's exact
  interval (1936);
- numbers: the Mann-Whitney test, exact up to 50 by 50 values without ties, else normal with corrections for ties and
  continuity; Student's t interval for a mean, the distribution-free one between order statistics for a median or p90.

The interval of the effect is made of the two sides' intervals by MOVER (Zou & Donner 2008); for proportions that is
Newcombe's (1998) method 10. For numbers the test compares the whole distributions and the effect is told in the
statistic that the measure reports: where the two disagree, the verdict is inconclusive.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

from services.metrics.analysis.evidence import (
    Answer,
    Count,
    Data,
    Guard,
    GuardAnswer,
    Numbers,
    Proportion,
    Question,
    Side,
)
from shared.events.metrics import Direction, Verdict

_EXACT_UP_TO = 50
_QUANTILE = {"median": 0.5, "p90": 0.9}
_TEST = {
    "proportion": "Fisher's exact test",
    "count": "conditional binomial test of two Poisson rates",
    "numbers": "Mann-Whitney test",
}


class Comparison(NamedTuple):
    """After against before. `p_rise` (`p_fall`): how surprising the data are where nothing rose (fell), one-sided."""

    effect: float
    interval: tuple[float, float]
    p_rise: float
    p_fall: float


def assess_effect(question: Question) -> Answer:
    """The verdict on a frozen plan (R129).

    In this order: a guard that got significantly worse, or the measure itself, is `regressed`; too few data, of the
    measure or of a guard, are `inconclusive`; significantly better by at least the minimum effect, with the target met,
    is `effective`; significantly better by less, or short of the target, is `ineffective`; and without significance
    it is `ineffective` where the data exclude the minimum effect, else `inconclusive`. Whether enough periods have
    passed is the caller's to judge.

    With the purpose `sustain` (R127) the level before is the signed one, and `effective` says that it holds: enough
    data, not significantly worse, the target met. Significantly worse, and still so without the worst period, is
    `regressed`: a single bad period is no proof. Everything else is `inconclusive`.
    """
    before, after = describe(question.before), describe(question.after)
    guards = tuple(_judge_guard(guard, question.alpha) for guard in question.guards)
    compared = compare(question.before, question.after, question.alpha) if _both(before, after) else None
    verdict, reason = _decide(question, before, after, compared, guards)
    return Answer(
        verdict=verdict,
        reason=reason,
        test=None if compared is None else _TEST[question.before.kind],
        before=before,
        after=after,
        effect=None if compared is None else compared.effect,
        interval=None if compared is None else compared.interval,
        p_value=None if compared is None else _p_better(compared, question.direction),
        alpha=question.alpha,
        target=question.target,
        target_met=_is_target_met(after.value, question.target, question.direction),
        guards=guards,
    )


def describe(data: Data) -> Side:
    """The value that the measure reports, over n; quantiles interpolate linearly, as the measures' own do.

    The n of a count is its events: they are what carries information.
    """
    if isinstance(data, Proportion):
        return Side(n=data.n, value=data.successes / data.n if data.n else None)
    if isinstance(data, Count):
        return Side(n=data.events, value=data.events / data.exposure)
    if not data.values:
        return Side(n=0, value=None)
    return Side(n=len(data.values), value=_statistic(np.asarray(data.values), data.statistic))


def compare(before: Data, after: Data, alpha: float) -> Comparison:
    """Both one-sided p-values, the effect and its interval at 1 − alpha. Neither side may be empty.

    Raises:
        ValueError: the two are not of one kind, or not reported by one statistic.
    """
    if isinstance(before, Proportion) and isinstance(after, Proportion):
        p_rise, p_fall = _test_proportions(before, after)
        sides = [_wilson(side, alpha) for side in (before, after)]
    elif isinstance(before, Count) and isinstance(after, Count):
        p_rise, p_fall = _test_counts(before, after)
        sides = [_garwood(side, alpha) for side in (before, after)]
    elif isinstance(before, Numbers) and isinstance(after, Numbers) and before.statistic == after.statistic:
        earlier, later = np.asarray(before.values), np.asarray(after.values)
        p_rise, p_fall = _test_numbers(earlier, later)
        sides = [_interval_of_numbers(values, before.statistic, alpha) for values in (earlier, later)]
    else:
        raise ValueError(f"cannot compare {before.kind} with {after.kind} of another statistic or kind")
    effect, interval = _combine(*sides)
    return Comparison(effect, interval, p_rise, p_fall)


class _Estimate(NamedTuple):
    low: float
    value: float
    high: float


def _combine(before: _Estimate, after: _Estimate) -> tuple[float, tuple[float, float]]:
    """The difference of two independent estimates with its interval: method of variance estimates recovery."""
    effect = after.value - before.value
    low = effect - math.hypot(after.value - after.low, before.high - before.value)
    high = effect + math.hypot(after.high - after.value, before.value - before.low)
    return effect, (low, high)


def _wilson(side: Proportion, alpha: float) -> _Estimate:
    p, n = side.successes / side.n, side.n
    z = float(stats.norm.isf(alpha / 2))
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return _Estimate(min(p, max(0.0, middle - half)), p, max(p, min(1.0, middle + half)))


def _garwood(side: Count, alpha: float) -> _Estimate:
    low = stats.chi2.ppf(alpha / 2, 2 * side.events) / 2 if side.events else 0.0
    high = stats.chi2.isf(alpha / 2, 2 * side.events + 2) / 2
    return _Estimate(float(low) / side.exposure, side.events / side.exposure, float(high) / side.exposure)


def _interval_of_numbers(values: np.ndarray, statistic: str, alpha: float) -> _Estimate:
    value, n = _statistic(values, statistic), len(values)
    if statistic in _QUANTILE:
        return _order_interval(values, _QUANTILE[statistic], value, alpha)
    if n == 1:
        return _Estimate(value, value, value)
    half = float(stats.t.isf(alpha / 2, n - 1)) * float(values.std(ddof=1)) / math.sqrt(n)
    return _Estimate(value - half, value, value + half)


def _order_interval(values: np.ndarray, quantile: float, value: float, alpha: float) -> _Estimate:
    """Between two of the observations themselves. Where they are too few for the level, the outermost stands in."""
    n = len(values)
    low = max(int(stats.binom.ppf(alpha / 2, n, quantile)), 1)
    high = min(int(stats.binom.ppf(1 - alpha / 2, n, quantile)) + 1, n)
    ordered = np.partition(values, [low - 1, high - 1])
    return _Estimate(min(float(ordered[low - 1]), value), value, max(float(ordered[high - 1]), value))


def _statistic(values: np.ndarray, statistic: str) -> float:
    return float(values.mean() if statistic == "mean" else np.quantile(values, _QUANTILE[statistic]))


def _test_proportions(before: Proportion, after: Proportion) -> tuple[float, float]:
    """Given both margins, the successes after are hypergeometric; (p_rise, p_fall)."""
    under_null = stats.hypergeom(before.n + after.n, before.successes + after.successes, after.n)
    return _clip(under_null.sf(after.successes - 1)), _clip(under_null.cdf(after.successes))


def _test_counts(before: Count, after: Count) -> tuple[float, float]:
    """Given their sum, the events after are binomial by share of the exposure; (p_rise, p_fall)."""
    share = after.exposure / (before.exposure + after.exposure)
    under_null = stats.binom(before.events + after.events, share)
    return _clip(under_null.sf(after.events - 1)), _clip(under_null.cdf(after.events))


def _test_numbers(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    if before.min() == before.max() == after.min() == after.max():
        return 1.0, 1.0
    is_small = max(len(before), len(after)) <= _EXACT_UP_TO
    is_exact = is_small and len(np.unique(np.concatenate([before, after]))) == len(before) + len(after)
    method = "exact" if is_exact else "asymptotic"
    rise = stats.mannwhitneyu(after, before, alternative="greater", method=method)
    fall = stats.mannwhitneyu(after, before, alternative="less", method=method)
    return _clip(rise.pvalue), _clip(fall.pvalue)


def _clip(p: float) -> float:
    return min(max(float(p), 0.0), 1.0)


def _p_better(compared: Comparison, direction: Direction) -> float:
    return compared.p_rise if direction == "higher_is_better" else compared.p_fall


def _p_worse(compared: Comparison, direction: Direction) -> float:
    return compared.p_fall if direction == "higher_is_better" else compared.p_rise


def _gain(effect: float, direction: Direction) -> float:
    return effect if direction == "higher_is_better" else -effect


def _both(before: Side, after: Side) -> bool:
    return before.value is not None and after.value is not None


def _is_target_met(value: float | None, target: float | None, direction: Direction) -> bool | None:
    if value is None or target is None:
        return None
    return value >= target if direction == "higher_is_better" else value <= target


def _judge_guard(guard: Guard, alpha: float) -> GuardAnswer:
    """Worse: the test says so at alpha and the reported value moved in the bad direction."""
    before, after = describe(guard.before), describe(guard.after)
    p_value, worse = None, False
    if _both(before, after):
        compared = compare(guard.before, guard.after, alpha)
        p_value = _p_worse(compared, guard.direction)
        worse = p_value < alpha and _gain(compared.effect, guard.direction) < 0
    return GuardAnswer(measure_key=guard.measure_key, before=before, after=after, p_value=p_value, worse=worse)


def _decide(
    question: Question, before: Side, after: Side, compared: Comparison | None, guards: tuple[GuardAnswer, ...]
) -> tuple[Verdict, str]:
    worse = [guard for guard in guards if guard.worse]
    if worse:
        told = "; ".join(
            f"{guard.measure_key} went from {_say(guard.before.value)} to {_say(guard.after.value)} "
            f"({_say_p(guard.p_value)})"
            for guard in worse
        )
        return "regressed", f"a guard measure got worse: {told}"
    if compared is None or _is_too_few(question, before, after):
        return "inconclusive", _say_too_few(question, before, after)
    gain = _gain(compared.effect, question.direction)
    p_better, p_worse = _p_better(compared, question.direction), _p_worse(compared, question.direction)
    moved = f"from {_say(before.value)} (n = {before.n:,}) to {_say(after.value)} (n = {after.n:,})"
    if question.purpose == "sustain":
        return _weigh_holding(question, after, gain, p_worse, moved)
    if p_worse < question.alpha and gain < 0:
        return "regressed", f"significantly worse: {moved}, {_say_p(p_worse)}"
    unknown = [guard.measure_key for guard in guards if guard.p_value is None]
    if unknown:
        return "inconclusive", f"no data to tell whether these guard measures got worse: {', '.join(unknown)}"
    if (p_better < question.alpha and gain <= 0) or p_worse < question.alpha:
        return "inconclusive", f"the bulk of the data moved one way, and the reported value did not follow: {moved}"
    if p_better < question.alpha:
        return _weigh_improvement(question, after, gain, f"{moved}, {_say_p(p_better)}")
    most = max(_gain(bound, question.direction) for bound in compared.interval)
    if most < question.minimum_effect:
        least = _say(question.minimum_effect)
        return "ineffective", f"no significant gain, and one of {least} is excluded: {moved}, {_say_p(p_better)}"
    return "inconclusive", f"no significant gain, and none excluded either: {moved}, {_say_p(p_better)}"


def _weigh_holding(question: Question, after: Side, gain: float, p_worse: float, moved: str) -> tuple[Verdict, str]:
    if p_worse < question.alpha and gain < 0:
        told = f"{moved}, {_say_p(p_worse)}"
        if question.without_worst is None or describe(question.without_worst).value is None:
            return "inconclusive", f"worse in one period, which is no proof: {told}"
        rest = compare(question.before, question.without_worst, question.alpha)
        p_rest = _p_worse(rest, question.direction)
        if p_rest < question.alpha and _gain(rest.effect, question.direction) < 0:
            return "regressed", f"significantly worse, also without the worst period: {told}"
        return "inconclusive", f"worse by a single period, which is no proof: {told}; without it {_say_p(p_rest)}"
    if p_worse < question.alpha:
        return "inconclusive", f"the bulk of the data got worse, and the reported value did not follow: {moved}"
    if _is_target_met(after.value, question.target, question.direction) is False:
        return "inconclusive", f"not significantly worse, and short of the target {_say(question.target)}: {moved}"
    return "effective", f"the level holds: {moved}, {_say_p(p_worse)} for worse"


def _weigh_improvement(question: Question, after: Side, gain: float, moved: str) -> tuple[Verdict, str]:
    if gain < question.minimum_effect:
        return "ineffective", f"better, but by less than the planned {_say(question.minimum_effect)}: {moved}"
    if _is_target_met(after.value, question.target, question.direction) is False:
        return "ineffective", f"better, but short of the target {_say(question.target)}: {moved}"
    met = "" if question.target is None else f", and the target {_say(question.target)} is met"
    return "effective", f"significantly better: {moved}{met}"


def _is_too_few(question: Question, before: Side, after: Side) -> bool:
    """Of a count both sides together are what the test rests on: no event at all after a change is evidence."""
    if isinstance(question.before, Count):
        return before.n + after.n < question.minimum_n
    return min(before.n, after.n) < question.minimum_n


def _say_too_few(question: Question, before: Side, after: Side) -> str:
    asked = "in both together" if isinstance(question.before, Count) else "on each side"
    return (
        f"too few data: n = {before.n:,} before and {after.n:,} after; the plan asks for {question.minimum_n:,} {asked}"
    )


def _say(value: float | None) -> str:
    return "no data" if value is None else f"{value:.4g}"


def _say_p(p_value: float | None) -> str:
    if p_value is None:
        return "p unknown"
    return "p < 0.0001" if p_value < 0.0001 else f"p = {p_value:.4f}"
