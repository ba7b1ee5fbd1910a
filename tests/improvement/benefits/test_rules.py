from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from services.improvement.benefits import rules

BEFORE = rules.Period(
    "before", date(2026, 1, 1), date(2026, 2, 1), Decimal(200), "tickets", Decimal(60_000), Decimal(0), "CNY"
)
AFTER = rules.Period(
    "after", date(2026, 4, 1), date(2026, 5, 1), Decimal(250), "tickets", Decimal(50_000), Decimal(0), "CNY"
)


def amount(side: str, value: str, kind: str = "actual", currency: str = "CNY") -> rules.Amount:
    return rules.Amount(side, kind, currency, Decimal(value))


class TestFindRoi:
    """F8: (benefit − cost) / cost."""

    def test_worked_by_hand(self) -> None:
        # (150 000 − 120 000) / 120 000 = 30 000 / 120 000 = 0.25
        assert rules.find_roi(Decimal(120_000), Decimal(150_000)) == (Decimal("0.2500"), None)
        # (50 000 − 120 000) / 120 000 = −70 000 / 120 000 = −0.58333…
        assert rules.find_roi(Decimal(120_000), Decimal(50_000)) == (Decimal("-0.5833"), None)

    def test_nothing_came_back(self) -> None:
        assert rules.find_roi(Decimal(1), Decimal(0)) == (Decimal(-1), None)

    def test_undefined_at_zero_cost_and_says_why(self) -> None:
        for benefit in (Decimal(0), Decimal(1_000)):
            roi, reason = rules.find_roi(Decimal(0), benefit)
            assert roi is None
            assert reason is not None
            assert "no cost" in reason


class TestFindReturns:
    """F8 of what was planned and of what came, each currency by itself."""

    def test_several_currencies_are_never_added(self) -> None:
        found = rules.find_returns(
            [
                amount("cost", "100"),
                amount("cost", "100", currency="USD"),
                amount("benefit", "150"),
                amount("benefit", "400", currency="USD"),
                amount("cost", "80", kind="planned"),
            ]
        )
        told = [(item.currency, item.kind, item.cost, item.benefit, item.roi) for item in found]
        assert told == [
            ("CNY", "actual", Decimal(100), Decimal(150), Decimal("0.5")),
            ("CNY", "planned", Decimal(80), Decimal(0), Decimal(-1)),
            ("USD", "actual", Decimal(100), Decimal(400), Decimal(3)),
        ]

    def test_cents_are_exact(self) -> None:
        (found,) = rules.find_returns([amount("cost", "0.10") for _ in range(3)])
        assert found.cost == Decimal("0.30")

    def test_of_nothing(self) -> None:
        assert rules.find_returns([]) == []


class TestCompare:
    """F7: cost before − cost after, at the same volume. F9: the periods side by side."""

    def test_worked_by_hand(self) -> None:
        # 60 000 for 200 tickets is 300 a ticket; 250 tickets would have cost 75 000; they cost 50 000: 25 000 saved.
        (found,) = rules.compare([BEFORE, AFTER])
        assert found.at_volume == Decimal(250)
        assert found.cost_before_at_volume == Decimal("75000.00")
        assert found.saving == Decimal("25000.00")
        assert found.reason is None
        assert found.before is not None
        assert found.after is not None
        assert (found.before.cost_per_unit, found.after.cost_per_unit) == (Decimal(300), Decimal(200))
        assert (found.before.days, found.after.days) == (31, 30)

    def test_the_plain_difference_would_have_said_otherwise(self) -> None:
        # At 100 tickets after, the same 50 000 is no saving of 10 000: the volume fell by half, and 20 000 were lost.
        (found,) = rules.compare([BEFORE, AFTER.__class__(**{**_fields(AFTER), "volume": Decimal(100)})])
        assert found.saving == Decimal("-20000.00")

    def test_periods_of_a_side_are_added_up_and_the_benefit_is_beside_the_cost(self) -> None:
        # Before: 60 000 for 200; after: 20 000 + 30 000 for 100 + 150, with 10 000 of benefit in the second.
        first = rules.Period(
            "after", date(2026, 4, 1), date(2026, 4, 16), Decimal(100), "tickets", Decimal(20_000), Decimal(0), "CNY"
        )
        second = rules.Period(
            "after",
            date(2026, 4, 16),
            date(2026, 5, 1),
            Decimal(150),
            "tickets",
            Decimal(30_000),
            Decimal(10_000),
            "CNY",
        )
        (found,) = rules.compare([second, BEFORE, first])
        assert found.saving == Decimal("25000.00")
        assert found.after is not None
        assert (found.after.periods, found.after.period_from, found.after.period_to) == (
            2,
            date(2026, 4, 1),
            date(2026, 5, 1),
        )
        assert (found.after.net, found.after.benefit_per_cost) == (Decimal(-40_000), Decimal("0.2"))

    def test_a_side_that_is_missing_is_said(self) -> None:
        (found,) = rules.compare([BEFORE])
        assert found.saving is None
        assert found.reason == "no period after the improvement is recorded in CNY and tickets"

    def test_other_currencies_and_units_are_compared_by_themselves(self) -> None:
        dollars = rules.Period(**{**_fields(AFTER), "currency": "USD"})
        calls = rules.Period(**{**_fields(AFTER), "volume_unit": "calls"})
        found = rules.compare([BEFORE, dollars, calls])
        assert [(item.currency, item.volume_unit, item.saving) for item in found] == [
            ("CNY", "calls", None),
            ("CNY", "tickets", None),
            ("USD", "tickets", None),
        ]

    def test_no_volume_before_cannot_be_brought_to_another(self) -> None:
        (found,) = rules.compare([rules.Period(**{**_fields(BEFORE), "volume": Decimal(0)}), AFTER])
        assert found.saving is None
        assert found.reason is not None
        assert "0 tickets" in found.reason
        assert found.before is not None
        assert found.before.cost_per_unit is None

    @settings(max_examples=50)
    @given(
        st.decimals(0, 10**9, places=2),
        st.decimals(0, 10**9, places=2),
        st.decimals("0.01", 10**6, places=2),
        st.decimals(0, 10**6, places=2),
    )
    def test_agrees_with_fractions(self, before: Decimal, after: Decimal, was: Decimal, now: Decimal) -> None:
        (found,) = rules.compare(
            [
                rules.Period(**{**_fields(BEFORE), "cost": before, "volume": was}),
                rules.Period(**{**_fields(AFTER), "cost": after, "volume": now}),
            ]
        )
        exact = Fraction(before) * Fraction(now) / Fraction(was) - Fraction(after)
        assert found.saving is not None
        assert abs(Fraction(found.saving) - exact) <= Fraction(1, 200)


class TestFindOverlap:
    def test_of_one_side(self) -> None:
        again = rules.Period(**{**_fields(BEFORE), "period_from": date(2026, 1, 31), "period_to": date(2026, 3, 1)})
        assert rules.find_overlap(again, [BEFORE]) == BEFORE
        next_month = rules.Period(**{**_fields(again), "period_from": date(2026, 2, 1)})
        assert rules.find_overlap(next_month, [BEFORE]) is None

    def test_before_lies_before_after(self) -> None:
        late = rules.Period(**{**_fields(BEFORE), "period_from": date(2026, 6, 1), "period_to": date(2026, 7, 1)})
        assert rules.find_overlap(late, [AFTER]) == AFTER
        early = rules.Period(**{**_fields(AFTER), "period_from": date(2025, 6, 1), "period_to": date(2025, 7, 1)})
        assert rules.find_overlap(early, [BEFORE]) == BEFORE

    def test_other_units_do_not_clash(self) -> None:
        assert rules.find_overlap(rules.Period(**{**_fields(BEFORE), "volume_unit": "calls"}), [BEFORE]) is None


class TestFindShare:
    """R26: no verdict, no share."""

    def test_without_any(self) -> None:
        assert rules.find_share(0, 0) is None
        assert rules.find_share(3, 4) == 0.75


def _fields(period: rules.Period) -> dict[str, object]:
    return {name: getattr(period, name) for name in period.__slots__}
