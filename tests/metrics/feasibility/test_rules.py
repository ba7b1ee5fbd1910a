from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.metrics.clauses.terms import Penalty, Promise
from services.metrics.feasibility.rules import (
    Compensation,
    Past,
    advise,
    attainable_of,
    chance_at,
    chance_of,
    compensation_of,
    cost_of,
    joint_chance,
    wilson,
)

FEE = Decimal("10000.00")
SHARE = Promise(unit="ratio", data_kind="proportion", direction="higher_is_better", target=0.95)
MINUTES = Promise(unit="minutes", data_kind="value", direction="lower_is_better", target=240.0)
PENALTY = Penalty.model_validate(
    {"tiers": [{"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "percent_of_fee": 10}]}
)


def shares(*values: float) -> list[Past]:
    """Months from January on, of 100 tickets each, under the promise of 95 %."""
    return [Past(date(2026, month, 1), value, 100, value >= 0.95) for month, value in enumerate(values, 1)]


class TestWilson:
    @settings(max_examples=60)
    @given(st.integers(1, 60), st.data())
    def test_is_scipys(self, periods: int, data: st.DataObject) -> None:
        kept = data.draw(st.integers(0, periods))
        wanted = stats.binomtest(kept, periods).proportion_ci(0.95, method="wilson")
        assert wilson(kept, periods) == pytest.approx((wanted.low, wanted.high), abs=1e-9)

    def test_eleven_of_twelve(self) -> None:
        """By hand: z = 1.959964, centre (11/12 + z²/24)/(1 + z²/12) = 0.81562, half width 0.16950."""
        assert wilson(11, 12) == pytest.approx((0.64612, 0.98512), abs=5e-5)


class TestChanceOf:
    """R162: a probability with an honest interval, and a word."""

    def test_no_history_is_no_number(self) -> None:
        chance = chance_of(0, 0)
        assert (chance.word, chance.probability, chance.low, chance.high) == ("no_history", None, None, None)

    @pytest.mark.parametrize(
        ("kept", "periods", "word"),
        [
            (3, 3, "little_history"),
            (5, 5, "little_history"),
            (6, 6, "likely_kept"),
            (11, 12, "likely_kept"),
            (8, 12, "uncertain"),
            (1, 12, "likely_missed"),
        ],
    )
    def test_in_a_word(self, kept: int, periods: int, word: str) -> None:
        assert chance_of(kept, periods).word == word

    def test_three_of_three_is_wide(self) -> None:
        chance = chance_of(3, 3)
        assert (chance.probability, chance.high) == (1.0, 1.0)
        assert chance.low == pytest.approx(0.4385, abs=1e-4)  # 3 / (3 + z²)


class TestChanceAt:
    def test_a_lower_level_is_kept_more_often(self) -> None:
        """R162: each promised level."""
        history = shares(0.99, 0.96, 0.92, 0.85)
        assert [chance_at(SHARE, level, history).kept for level in (0.99, 0.95, 0.9, 0.8)] == [1, 2, 3, 4]

    def test_fewer_minutes_are_kept_less_often(self) -> None:
        history = [Past(date(2026, month, 1), value, 1, True) for month, value in ((1, 0.0), (2, 100.0), (3, 300.0))]
        assert [chance_at(MINUTES, level, history).kept for level in (50, 100, 300)] == [1, 2, 3]


class TestAttainableOf:
    def test_nine_of_ten(self) -> None:
        values = [0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.91, 0.5]
        assert attainable_of(SHARE, shares(*values)) == 0.91

    def test_with_few_periods_all_of_them(self) -> None:
        assert attainable_of(SHARE, shares(0.99, 0.7, 0.98)) == 0.7
        assert attainable_of(SHARE, []) is None

    def test_fewer_minutes_are_better(self) -> None:
        history = [Past(date(2026, month, 1), month * 10.0, 1, True) for month in range(1, 11)]
        assert attainable_of(MINUTES, history) == 90.0


class TestCostOf:
    def test_by_tier_and_nothing_when_kept(self) -> None:
        kept, missed, far = shares(0.95, 0.94, 0.4)
        assert [cost_of(PENALTY, past, FEE) for past in (kept, missed, far)] == [
            Decimal("0.00"),
            Decimal("500.00"),
            Decimal("1000.00"),
        ]


class TestJointChance:
    def test_a_period_is_kept_when_every_clause_was(self) -> None:
        """R163: the risk of delivery is of all promises at once."""
        first, second = shares(0.96, 0.5, 0.97, 0.98), shares(0.99, 0.99, 0.5)
        chance = joint_chance([first, second])
        assert (chance.kept, chance.periods) == (2, 4)


class TestCompensationOf:
    def test_the_mean_over_past_periods_under_the_cap(self) -> None:
        """R163: kept, 500, 1000; and a second clause that costs 1000 in March: 2000 there, capped at 1500."""
        first, second = shares(0.96, 0.94, 0.5), shares(0.96, 0.99, 0.5)
        found = compensation_of([(PENALTY, first), (PENALTY, second)], FEE, 15)
        assert found == Compensation(
            periods=3,
            expected=Decimal("666.67"),
            worst=Decimal("1500.00"),
            expected_share=pytest.approx(0.066667),
            worst_share=0.15,
        )

    def test_without_history_there_is_none(self) -> None:
        assert compensation_of([(PENALTY, [])], FEE, None) is None

    def test_without_a_fee_there_is_no_share_of_it(self) -> None:
        amounts = Penalty.model_validate({"tiers": [{"high": 0.95, "amount": 30}]})
        found = compensation_of([(amounts, shares(0.96, 0.5))], Decimal(0), None)
        assert found == Compensation(2, Decimal("15.00"), Decimal("30.00"), None, None)


class TestAdvise:
    def test_names_its_figures(self) -> None:
        found = compensation_of([(PENALTY, shares(0.96, 0.94))], FEE, None)
        said = advise(joint_chance([shares(0.96, 0.94)]), found, Decimal("-250.00"))
        assert said == (
            "All promises were kept in 1 of 2 periods; misses would have cost 250.00 a period on average, 500.00 at "
            "worst. So few periods prove little. After costs and expected penalties -250.00 a period remain: the "
            "promise does not pay for itself."
        )

    def test_without_history_it_is_said(self) -> None:
        assert advise(chance_of(0, 0), None, None).startswith("There is no history")
