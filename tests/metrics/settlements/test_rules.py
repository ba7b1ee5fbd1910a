from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.clauses.terms import Penalty, Tier
from services.metrics.settlements.rules import assess_penalty, find_tier, make_bill

FEE = Decimal("10000.00")
ATTAINMENT = Penalty(
    tiers=(
        Tier(low=0.9, high=0.95, percent_of_fee=5),
        Tier(low=0.8, high=0.9, percent_of_fee=10),
        Tier(high=0.8, amount=2500),
    )
)
"""Below 95 % of the tickets in time 5 % of the fee, below 90 % 10 %, below 80 % 2,500."""


class TestAssessPenalty:
    """R169: by the tier that holds the value."""

    @pytest.mark.parametrize(
        ("value", "cost"),
        [
            (0.97, "0.00"),
            (0.95, "0.00"),
            (0.9499, "500.00"),
            (0.9, "500.00"),
            (0.8999, "1000.00"),
            (0.8, "1000.00"),
            (0.5, "2500.00"),
            (0.0, "2500.00"),
        ],
    )
    def test_a_tier_holds_its_low_and_not_its_high(self, value: float, cost: str) -> None:
        assert assess_penalty(ATTAINMENT, value, FEE) == Decimal(cost)

    def test_no_data_cost_nothing(self) -> None:
        assert assess_penalty(ATTAINMENT, None, FEE) == Decimal("0.00")
        assert assess_penalty(None, 0.1, FEE) == Decimal("0.00")

    def test_at_most_the_clauses_own_cap(self) -> None:
        capped = ATTAINMENT.model_copy(update={"cap_percent": 8.0})
        assert assess_penalty(capped, 0.85, FEE) == Decimal("800.00")
        assert assess_penalty(capped, 0.92, FEE) == Decimal("500.00")

    def test_rounds_half_to_even_in_cents(self) -> None:
        """2.5 % of 100.20 is 2.505 and of 100.60 is 2.515."""
        penalty = Penalty(tiers=(Tier(high=1.0, percent_of_fee=2.5),))
        assert assess_penalty(penalty, 0.5, Decimal("100.20")) == Decimal("2.50")
        assert assess_penalty(penalty, 0.5, Decimal("100.60")) == Decimal("2.52")

    @settings(max_examples=60)
    @given(st.floats(0, 1), st.decimals(0, 1_000_000, places=2))
    def test_one_tier_at_most_holds_a_value_and_a_worse_one_costs_no_less(self, value: float, fee: Decimal) -> None:
        holding = [
            tier
            for tier in ATTAINMENT.tiers
            if not ((tier.low is not None and value < tier.low) or (tier.high is not None and value >= tier.high))
        ]
        assert [find_tier(ATTAINMENT, value)] == (holding or [None])
        percent = Penalty(tiers=ATTAINMENT.tiers[:2])
        if value >= 0.8:
            assert assess_penalty(percent, max(0.8, value - 0.05), fee) >= assess_penalty(percent, value, fee)


class TestMakeBill:
    """R159, R169: fee − penalties − claims."""

    def test_without_a_miss_the_fee_is_due(self) -> None:
        assert make_bill(FEE, [Decimal("0.00")], 15, Decimal("0.00")).due == FEE

    def test_penalties_together_have_a_cap_and_claims_come_on_top(self) -> None:
        bill = make_bill(FEE, [Decimal("1000.00"), Decimal("900.00")], 15, Decimal("250.50"))
        assert (bill.penalties_uncapped, bill.cap, bill.penalties) == (
            Decimal("1900.00"),
            Decimal("1500.00"),
            Decimal("1500.00"),
        )
        assert bill.due == Decimal("8249.50")

    def test_no_cap_no_limit(self) -> None:
        bill = make_bill(FEE, [Decimal("8000.00"), Decimal("4000.00")], None, Decimal("0.00"))
        assert (bill.cap, bill.due) == (None, Decimal("-2000.00"))

    @settings(max_examples=60)
    @given(
        st.lists(st.decimals(0, 5000, places=2), max_size=5),
        st.floats(0.1, 100),
        st.decimals(0, 5000, places=2),
    )
    def test_adds_up_to_the_cent(self, penalties: list[Decimal], cap: float, claims: Decimal) -> None:
        bill = make_bill(FEE, penalties, cap, claims)
        assert bill.due + bill.penalties + bill.claims == bill.fee
        assert bill.penalties <= sum(penalties, Decimal(0))
        assert bill.penalties <= FEE * Decimal(str(cap)) / 100 + Decimal("0.005")
