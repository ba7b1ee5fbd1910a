from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from services.metrics.costs.rules import cost_benefit, sum_up
from services.metrics.costs.schemas import Kind


@dataclass(frozen=True)
class Recorded:
    month: date
    kind: Kind
    amount: Decimal
    currency: str = "CNY"


def amounts(month: str, currency: str = "CNY", **kinds: str) -> list[Recorded]:
    day = date.fromisoformat(f"{month}-01")
    return [Recorded(day, kind, Decimal(amount), currency) for kind, amount in kinds.items()]  # type: ignore[arg-type]


class TestCostBenefit:
    """F16."""

    @pytest.mark.parametrize(
        ("cost", "income", "ratio"),
        [
            ("60000.00", "80000.00", "0.7500"),
            ("1", "3", "0.3333"),
            ("2", "3", "0.6667"),
            ("0", "80000", "0.0000"),
            ("120000", "80000", "1.5000"),
        ],
    )
    def test_is_cost_by_income(self, cost: str, income: str, ratio: str) -> None:
        assert cost_benefit(Decimal(cost), Decimal(income)) == Decimal(ratio)

    @pytest.mark.parametrize(
        ("cost", "income"), [(Decimal(100), None), (Decimal(100), Decimal(0)), (None, Decimal(5)), (None, None)]
    )
    def test_nothing_to_divide_is_no_data(self, cost: Decimal | None, income: Decimal | None) -> None:
        """Never 0, never infinite."""
        assert cost_benefit(cost, income) is None


class TestSumUp:
    """R138: people, material and money."""

    def test_a_month(self) -> None:
        recorded = amounts("2026-01", people="30000.10", material="5000", money="999.90", income="90000")
        (january,) = sum_up(recorded, "monthly", date(2026, 1, 1), date(2026, 1, 1))
        assert (january.cost, january.income, january.ratio) == (Decimal("36000.00"), 90000, Decimal("0.4000"))
        assert january.incomplete == {}

    def test_a_year_is_all_its_months_not_the_mean_of_their_ratios(self) -> None:
        """60/100 and 90/900 make 150/1000 = 0.15; the mean of 0.6 and 0.1 would be 0.35."""
        recorded = amounts("2025-11", people="60", material="0", money="0", income="100") + amounts(
            "2025-12", people="90", material="0", money="0", income="900"
        )
        (year,) = sum_up(recorded, "yearly", date(2025, 11, 1), date(2025, 12, 1))
        assert (year.period, year.ratio, year.incomplete) == (date(2025, 1, 1), Decimal("0.1500"), {})

    def test_what_is_not_recorded_is_named_and_not_taken_for_zero(self) -> None:
        recorded = amounts("2026-01", people="60", income="100") + amounts("2026-03", income="50")
        (quarter,) = sum_up(recorded, "quarterly", date(2026, 1, 1), date(2026, 3, 1))
        assert (quarter.people, quarter.material, quarter.money) == (60, None, None)
        assert quarter.ratio == Decimal("0.4000")
        assert quarter.incomplete == {
            "2026-01": ["material", "money"],
            "2026-02": ["people", "material", "money", "income"],
            "2026-03": ["people", "material", "money"],
        }
        january, march = sum_up(recorded, "monthly", date(2026, 1, 1), date(2026, 3, 1))
        assert (january.ratio, march.cost, march.ratio) == (Decimal("0.6000"), None, None)

    def test_months_outside_the_range_are_not_missed(self) -> None:
        recorded = amounts("2026-02", people="1", material="1", money="1", income="1")
        (year,) = sum_up(recorded, "yearly", date(2026, 2, 1), date(2026, 2, 1))
        assert year.incomplete == {}

    def test_currencies_are_never_added(self) -> None:
        recorded = amounts("2026-01", people="10", income="20") + amounts("2026-02", "EUR", people="1", income="4")
        euros, yuan = sorted(
            sum_up(recorded, "yearly", date(2026, 1, 1), date(2026, 12, 1)), key=lambda one: one.currency == "CNY"
        )
        assert (euros.currency, euros.ratio, yuan.currency, yuan.ratio) == (
            "EUR",
            Decimal("0.2500"),
            "CNY",
            Decimal("0.5000"),
        )
