"""What a miss costs, and what is due (R159, R169). Money is decimal; every amount is rounded to cents, half to even,
where it arises: a clause's penalty, then a cap. The agreement's fee is that of a period: a first or last one that is
shorter costs the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from services.metrics.clauses.terms import Penalty, Tier

_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Bill:
    """A period's account: `due` = fee − penalties − claims. It is negative where the provider owes."""

    fee: Decimal
    penalties_uncapped: Decimal
    cap: Decimal | None
    penalties: Decimal
    claims: Decimal
    due: Decimal


def find_tier(penalty: Penalty, value: float) -> Tier | None:
    """The tier that holds the value: from `low`, up to and without `high`."""
    return next(
        (
            tier
            for tier in penalty.tiers
            if (tier.low is None or tier.low <= value) and (tier.high is None or value < tier.high)
        ),
        None,
    )


def assess_penalty(penalty: Penalty | None, value: float | None, fee: Decimal) -> Decimal:
    """R169: what the clause's adjusted value costs in a period, at most its own cap. No data cost nothing."""
    if penalty is None or value is None:
        return _ZERO
    tier = find_tier(penalty, value)
    if tier is None:
        return _ZERO
    if tier.percent_of_fee is not None:
        cost = share_of(fee, tier.percent_of_fee)
    else:
        cost = in_cents(Decimal(str(tier.amount)))
    return cost if penalty.cap_percent is None else min(cost, share_of(fee, penalty.cap_percent))


def make_bill(fee: Decimal, penalties: Sequence[Decimal], cap_percent: float | None, claims: Decimal) -> Bill:
    """R159, R169: the clauses' penalties together cost at most the agreement's cap; claims that were accepted come
    on top of it, for they compensate a loss that was shown."""
    uncapped = sum(penalties, _ZERO)
    cap = None if cap_percent is None else share_of(fee, cap_percent)
    capped = uncapped if cap is None else min(uncapped, cap)
    return Bill(fee, uncapped, cap, capped, claims, fee - capped - claims)


def share_of(fee: Decimal, percent: float) -> Decimal:
    """So many percent of the fee, in cents."""
    return in_cents(fee * Decimal(str(percent)) / 100)


def in_cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_EVEN)
