from datetime import date

import pytest

from services.improvement.gaps.rules import (
    describe_gap,
    is_withdrawn_by_itself,
    suggest_verification,
    title_gap,
)
from tests.improvement.builders import make_gap


class TestTitleGap:
    def test_says_what_was_delivered_instead_of_what(self) -> None:
        assert title_gap(make_gap()) == "SLA attainment: 39.86% instead of 75.00%"

    def test_names_the_scope_and_stays_one_line(self) -> None:
        assert "of group=7" in title_gap(make_gap(scope="group=7"))
        assert len(title_gap(make_gap(measure_name="x" * 1000))) == 200


class TestDescribeGap:
    def test_holds_the_numbers_of_the_gap(self) -> None:
        words = describe_gap(make_gap())
        for part in ("1 Mar 2016", "1 Apr 2016", "39.86%", "at least 75.00%", "n = 8632", "5191 of 8632", "high"):
            assert part in words

    def test_less_is_better_for_durations(self) -> None:
        words = describe_gap(make_gap(direction="lower_is_better", unit="hours", expected=24, actual=30.5, size=6.5))
        assert "at most 1 day" in words


class TestSuggestVerification:
    def test_tells_the_effect_against_the_period_of_the_gap(self) -> None:
        plan = suggest_verification(make_gap(scope="group=7"))
        assert (plan.measure_key, plan.scope, plan.direction) == ("sla_attainment", "group=7", "higher_is_better")
        assert (plan.baseline_from, plan.baseline_to) == (date(2016, 3, 1), date(2016, 4, 1))
        assert (plan.minimum_points, plan.alpha) == (2, 0.05)


class TestIsWithdrawnByItself:
    @pytest.mark.parametrize(
        ("state", "is_edited", "open_gaps", "expected"),
        [
            ("draft", False, 0, True),
            ("draft", True, 0, False),
            ("draft", False, 1, False),
            ("submitted", False, 0, False),
            ("withdrawn", False, 0, False),
        ],
    )
    def test_only_an_untouched_draft_without_a_gap(
        self, state: str, is_edited: bool, open_gaps: int, expected: bool
    ) -> None:
        assert is_withdrawn_by_itself(state, is_edited, open_gaps) is expected
