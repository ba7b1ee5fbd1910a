from datetime import date

import pytest

from services.metrics.negotiations.rules import find_missing_to_agree, is_overdue


class TestIsOverdue:
    """R170: the deadline is the last day on which it is not."""

    @pytest.mark.parametrize(
        ("state", "today", "overdue"),
        [
            ("open", date(2027, 3, 31), False),
            ("open", date(2027, 4, 1), True),
            ("agreed", date(2027, 4, 1), False),
            ("not_agreed", date(2027, 4, 1), False),
        ],
    )
    def test_of_31_march(self, state: str, today: date, overdue: bool) -> None:
        assert is_overdue(state, date(2027, 3, 31), today) == overdue


class TestFindMissingToAgree:
    def test_both_parties_are_heard(self) -> None:
        assert find_missing_to_agree({"provider", "customer"}) == []
        assert find_missing_to_agree({"customer"}) == ["the position of the provider"]
