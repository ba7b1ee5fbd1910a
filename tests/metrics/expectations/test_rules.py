from datetime import date
from types import SimpleNamespace

import pytest

from services.metrics.expectations.rules import Expectation, find_against_direction, in_force, is_looser


def target(value: float, since: date, minimum_n: int = 1) -> SimpleNamespace:
    return SimpleNamespace(value=value, effective_from=since, minimum_n=minimum_n)


def baseline(value: float, since: date, window_from: date | None = None) -> SimpleNamespace:
    return SimpleNamespace(value=value, effective_from=since, window_from=window_from)


class TestInForce:
    """R29: effective-dated, the newest in effect holds."""

    def test_one_set_for_a_day_within_a_period_holds_for_the_whole_of_it(self) -> None:
        targets = [target(0.7, date(2025, 1, 1)), target(0.8, date(2025, 3, 31), 30)]
        assert in_force(targets, [], date(2025, 3, 1)) == Expectation(0.7)
        assert in_force(targets, [], date(2025, 4, 1)) == Expectation(0.8, 30)

    def test_the_last_set_of_one_day_counts(self) -> None:
        targets = [target(0.7, date(2025, 1, 1)), target(0.6, date(2025, 1, 1))]
        assert in_force(targets, [], date(2025, 2, 1)).target == 0.6

    def test_the_level_began_with_the_window_that_it_was_computed_from(self) -> None:
        held = in_force([], [baseline(0.9, date(2025, 7, 1), date(2025, 4, 1))], date(2025, 8, 1))
        assert (held.baseline, held.phase_from) == (0.9, date(2025, 4, 1))
        given = in_force([], [baseline(0.9, date(2025, 7, 1))], date(2025, 8, 1))
        assert given.phase_from == date(2025, 7, 1)

    def test_before_anything_nothing_holds(self) -> None:
        assert in_force([target(0.7, date(2025, 1, 1))], [], date(2025, 1, 1)) == Expectation()


class TestIsLooser:
    @pytest.mark.parametrize(
        ("direction", "value", "than", "looser"),
        [
            ("higher_is_better", 0.7, 0.8, True),
            ("higher_is_better", 0.8, 0.8, False),
            ("lower_is_better", 9.0, 8.0, True),
            ("lower_is_better", 7.0, 8.0, False),
            ("lower_is_better", 7.0, None, False),
        ],
    )
    def test_asks_less(self, direction: str, value: float, than: float | None, looser: bool) -> None:
        assert is_looser(direction, value, than) is looser  # type: ignore[arg-type]


class TestFindAgainstDirection:
    def test_names_what_would_be_right(self) -> None:
        assert "at least 0.8" in (find_against_direction("higher_is_better", 0.7, 0.8) or "")
        assert "at most 8" in (find_against_direction("lower_is_better", 9, 8) or "")

    def test_as_good_as_the_baseline_will_do(self) -> None:
        assert find_against_direction("higher_is_better", 0.8, 0.8) is None
        assert find_against_direction("higher_is_better", 0.1, None) is None
