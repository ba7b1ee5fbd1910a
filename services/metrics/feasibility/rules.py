"""Can this be promised? What the past says of the probability of keeping a promise and of what missing it costs (R162,
R163); pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from statistics import NormalDist
from typing import Literal

from services.metrics.clauses.terms import Penalty, Promise
from services.metrics.settlements.rules import assess_penalty, make_bill

Word = Literal["no_history", "little_history", "likely_kept", "likely_missed", "uncertain"]
CONFIDENCE = 0.95
LITTLE = 6
"""With fewer periods than this nobody should rely on the share alone."""
_ATTAINABLE = 0.9
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Past:
    """A past period as it would have been under the promise: its value over n cases, and whether that keeps it."""

    period: date
    value: float
    n: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Chance:
    """In `kept` of `periods` it was kept; `probability` with its 95 % Wilson interval, None without any period."""

    periods: int
    kept: int
    probability: float | None
    low: float | None
    high: float | None
    word: Word


@dataclass(frozen=True, slots=True)
class Compensation:
    """What misses would have cost a period: the mean over `periods`, and the worst of them; shares of the fee are None
    without a fee."""

    periods: int
    expected: Decimal
    worst: Decimal
    expected_share: float | None
    worst_share: float | None


def keeps(promise: Promise, value: float) -> bool:
    """Whether this value keeps the promise."""
    return value >= promise.target if promise.direction == "higher_is_better" else value <= promise.target


def wilson(kept: int, periods: int) -> tuple[float, float]:
    """The Wilson score interval (1927) of a share, at 95 %; there is at least one period."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share, square = kept / periods, z * z / periods
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / periods + square / (4 * periods)) / (1 + square)
    return (0.0 if kept == 0 else middle - half), (1.0 if kept == periods else middle + half)


def chance_of(kept: int, periods: int) -> Chance:
    """R162: how probable it is to keep the promise in a period, and in a word."""
    if periods == 0:
        return Chance(0, 0, None, None, None, "no_history")
    low, high = wilson(kept, periods)
    word: Word = "uncertain"
    if periods < LITTLE:
        word = "little_history"
    elif low > 0.5:
        word = "likely_kept"
    elif high < 0.5:
        word = "likely_missed"
    return Chance(periods, kept, kept / periods, low, high, word)


def chance_at(promise: Promise, level: float, history: Sequence[Past]) -> Chance:
    """The same if another level were promised."""
    other = promise.model_copy(update={"target": level})
    return chance_of(sum(keeps(other, past.value) for past in history), len(history))


def attainable_of(promise: Promise, history: Sequence[Past]) -> float | None:
    """The best level that was kept in nine of ten periods; with fewer than ten, in all of them."""
    if not history:
        return None
    best_first = sorted((past.value for past in history), reverse=promise.direction == "higher_is_better")
    return best_first[math.ceil(_ATTAINABLE * len(best_first)) - 1]


def cost_of(penalty: Penalty | None, past: Past, fee: Decimal) -> Decimal:
    """What the past period would have cost by this clause."""
    return Decimal("0.00") if past.kept else assess_penalty(penalty, past.value, fee)


def joint_chance(histories: Sequence[Sequence[Past]]) -> Chance:
    """R163, the risk of delivery: the periods in which every clause that has a history was kept."""
    kept: dict[date, bool] = {}
    for history in histories:
        for past in history:
            kept[past.period] = kept.get(past.period, True) and past.kept
    return chance_of(sum(kept.values()), len(kept))


def compensation_of(
    penalties: Sequence[tuple[Penalty | None, Sequence[Past]]], fee: Decimal, cap_percent: float | None
) -> Compensation | None:
    """R163, the risk of compensation: what all clauses together would have cost a period, at most the agreement's cap.
    None without history."""
    costs: Mapping[date, list[Decimal]] = {past.period: [] for _, history in penalties for past in history}
    for penalty, history in penalties:
        for past in history:
            costs[past.period].append(cost_of(penalty, past, fee))
    if not costs:
        return None
    totals = [make_bill(fee, amounts, cap_percent, Decimal(0)).penalties for amounts in costs.values()]
    expected = in_cents(sum(totals, Decimal(0)) / len(totals))
    worst = max(totals)
    return Compensation(
        periods=len(totals),
        expected=expected,
        worst=worst,
        expected_share=float(expected / fee) if fee else None,
        worst_share=float(worst / fee) if fee else None,
    )


def in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_EVEN)


def advise(delivery: Chance, compensation: Compensation | None, margin: Decimal | None) -> str:
    """R162: the cost-benefit note, in a sentence that names its figures."""
    if delivery.probability is None or compensation is None:
        return "There is no history to judge these promises by: agree on a trial period, or promise less."
    kept = f"All promises were kept in {delivery.kept} of {delivery.periods} periods"
    cost = f"misses would have cost {compensation.expected} a period on average, {compensation.worst} at worst"
    said = f"{kept}; {cost}."
    if delivery.word == "little_history":
        said += " So few periods prove little."
    if margin is not None:
        said += f" After costs and expected penalties {margin} a period remain" + (
            "." if margin > 0 else ": the promise does not pay for itself."
        )
    return said
