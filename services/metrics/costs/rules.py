"""F16, cost benefit; pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from services.metrics.costs.schemas import CostKind, Kind
from services.metrics.measures.periods import Frequency, month_of, months_of, period_of

COSTS: tuple[CostKind, ...] = ("people", "material", "money")
KINDS: tuple[Kind, ...] = (*COSTS, "income")
_FOUR_DIGITS = Decimal("0.0001")


class Amount(Protocol):
    """One kind of one month, as last corrected."""

    @property
    def month(self) -> date: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Benefit:
    """What a period cost and brought in, in one currency; a sum of nothing recorded is None, not 0."""

    period: date
    currency: str
    people: Decimal | None
    material: Decimal | None
    money: Decimal | None
    cost: Decimal | None
    income: Decimal | None
    ratio: Decimal | None
    incomplete: Mapping[str, list[Kind]]


def cost_benefit(cost: Decimal | None, income: Decimal | None) -> Decimal | None:
    """F16 = cost / income, to four digits. No cost recorded, no income recorded or an income of 0: no data."""
    if cost is None or not income:
        return None
    return (cost / income).quantize(_FOUR_DIGITS, ROUND_HALF_UP)


def sum_up(amounts: Iterable[Amount], frequency: Frequency, first: date, last: date) -> list[Benefit]:
    """R138: F16 of every period from `first` to `last` of which something is recorded, each currency by itself.

    A month that lacks a kind is named: a year without the income of one month looks dearer than it was.
    """
    found: dict[tuple[date, str], list[Amount]] = defaultdict(list)
    for amount in amounts:
        found[period_of(frequency, amount.month), amount.currency].append(amount)
    return [_sum(*place, found[place], frequency, first, last) for place in sorted(found)]


def _sum(
    period: date, currency: str, amounts: Iterable[Amount], frequency: Frequency, first: date, last: date
) -> Benefit:
    sums: dict[Kind, Decimal] = {}
    recorded: dict[date, set[Kind]] = defaultdict(set)
    for amount in amounts:
        sums[amount.kind] = sums.get(amount.kind, Decimal()) + amount.amount
        recorded[amount.month].add(amount.kind)
    spent = [sums[kind] for kind in COSTS if kind in sums]
    cost = sum(spent, Decimal()) if spent else None
    months = [date(period.year, period.month + number, 1) for number in range(months_of(frequency))]
    incomplete = {
        f"{month:%Y-%m}": [kind for kind in KINDS if kind not in recorded[month]]
        for month in months
        if month_of(first) <= month <= last and len(recorded[month]) < len(KINDS)
    }
    return Benefit(
        period,
        currency,
        sums.get("people"),
        sums.get("material"),
        sums.get("money"),
        cost,
        sums.get("income"),
        cost_benefit(cost, sums.get("income")),
        incomplete,
    )
