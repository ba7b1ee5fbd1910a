"""What was saved, what it returned, and how the periods before and after compare (F7, F8, F9); pure.

Amounts are exact decimals. Amounts of different currencies are never added: every figure is of one currency.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Side = Literal["cost", "benefit"]
Kind = Literal["planned", "actual"]
Phase = Literal["before", "after"]
Category = Literal[
    "people", "material", "money", "tools", "training", "time_saved", "penalty_avoided", "revenue", "other"
]

_CENT = Decimal("0.01")
_RATIO = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Amount:
    """One entry: cost or benefit, planned or actual."""

    side: str
    kind: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Return:
    """F8 of one currency and kind. `roi` is a ratio (0.25: a quarter more came back than was spent), to four decimals;
    where it is undefined it is None and `reason` says why."""

    currency: str
    kind: str
    cost: Decimal
    benefit: Decimal
    roi: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """What running it cost and brought while `volume` was handled; up to and without `period_to`."""

    phase: str
    period_from: date
    period_to: date
    volume: Decimal
    volume_unit: str
    cost: Decimal
    benefit: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Column:
    """F9: the periods before, or those after, added up. `days` counts the days that they cover."""

    period_from: date
    period_to: date
    periods: int
    days: int
    volume: Decimal
    cost: Decimal
    benefit: Decimal
    net: Decimal
    cost_per_unit: Decimal | None
    benefit_per_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """F7 and F9 of one currency and unit of volume, side by side.

    `saving` is the cost before, brought to the volume after (`cost_before_at_volume`), less the cost after; negative
    where it costs more now. Where it is undefined it is None and `reason` says why.
    """

    currency: str
    volume_unit: str
    before: Column | None
    after: Column | None
    at_volume: Decimal | None
    cost_before_at_volume: Decimal | None
    saving: Decimal | None
    reason: str | None


def find_roi(cost: Decimal, benefit: Decimal) -> tuple[Decimal | None, str | None]:
    """F8: (benefit − cost) / cost, and why there is none: nothing can be a multiple of no cost."""
    if cost == 0:
        return None, "undefined: no cost is recorded, and a return is a multiple of the cost"
    return ((benefit - cost) / cost).quantize(_RATIO, ROUND_HALF_UP), None


def find_returns(amounts: Iterable[Amount]) -> list[Return]:
    """F8 by currency and kind, in their order."""
    totals: dict[tuple[str, str], dict[str, Decimal]] = {}
    for amount in amounts:
        sums = totals.setdefault((amount.currency, amount.kind), {"cost": Decimal(0), "benefit": Decimal(0)})
        sums[amount.side] += amount.amount
    return [
        Return(currency, kind, sums["cost"], sums["benefit"], *find_roi(sums["cost"], sums["benefit"]))
        for (currency, kind), sums in sorted(totals.items())
    ]


def compare(periods: Iterable[Period]) -> list[Comparison]:
    """F7, F9 (R132): before and after by currency and unit of volume."""
    groups: dict[tuple[str, str], list[Period]] = {}
    for period in periods:
        groups.setdefault((period.currency, period.volume_unit), []).append(period)
    return [_compare(currency, unit, group) for (currency, unit), group in sorted(groups.items())]


def _compare(currency: str, unit: str, group: list[Period]) -> Comparison:
    before = _add_up([period for period in group if period.phase == "before"])
    after = _add_up([period for period in group if period.phase == "after"])
    reason = _why_not(currency, unit, before, after)
    if reason is not None or before is None or after is None:
        return Comparison(currency, unit, before, after, None, None, None, reason)
    scaled = before.cost * after.volume / before.volume
    at_volume = scaled.quantize(_CENT, ROUND_HALF_UP)
    saving = (scaled - after.cost).quantize(_CENT, ROUND_HALF_UP)
    return Comparison(currency, unit, before, after, after.volume, at_volume, saving, None)


def _why_not(currency: str, unit: str, before: Column | None, after: Column | None) -> str | None:
    if before is None or after is None:
        missing = "before" if before is None else "after"
        return f"no period {missing} the improvement is recorded in {currency} and {unit}"
    if before.volume == 0:
        return f"nothing was handled before (0 {unit}): that cost cannot be brought to another volume"
    return None


def _add_up(periods: list[Period]) -> Column | None:
    if not periods:
        return None
    volume = sum((period.volume for period in periods), Decimal(0))
    cost = sum((period.cost for period in periods), Decimal(0))
    benefit = sum((period.benefit for period in periods), Decimal(0))
    return Column(
        period_from=min(period.period_from for period in periods),
        period_to=max(period.period_to for period in periods),
        periods=len(periods),
        days=sum((period.period_to - period.period_from).days for period in periods),
        volume=volume,
        cost=cost,
        benefit=benefit,
        net=benefit - cost,
        cost_per_unit=(cost / volume).quantize(_RATIO, ROUND_HALF_UP) if volume else None,
        benefit_per_cost=(benefit / cost).quantize(_RATIO, ROUND_HALF_UP) if cost else None,
    )


def find_overlap(new: Period, others: Iterable[Period]) -> Period | None:
    """A period of the same currency and unit that this one would count twice, or whose order it would turn round: what
    is before ends before what is after begins."""
    for other in others:
        if (other.currency, other.volume_unit) != (new.currency, new.volume_unit):
            continue
        if other.phase == new.phase:
            clashes = new.period_from < other.period_to and other.period_from < new.period_to
        elif new.phase == "before":
            clashes = new.period_to > other.period_from
        else:
            clashes = new.period_from < other.period_to
        if clashes:
            return other
    return None


def find_share(effective: int, n: int) -> float | None:
    """R26: the share of signed verdicts that are effective; None without any."""
    return effective / n if n else None
