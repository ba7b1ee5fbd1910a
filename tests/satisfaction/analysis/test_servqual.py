"""R175, F21: equal to the published figures of 194 respondents, to the last printed digit."""

import csv
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from services.satisfaction.analysis.servqual import (
    Matrix,
    correct_for_many,
    cronbach,
    gaps_by_group,
    gaps_by_item,
    whole_of,
)
from tests.journeys.real_log import DATA

_SURVEY = DATA / "survey"
_ITEMS = [str(number) for number in range(1, 25)]


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    path = _SURVEY / "kservqual_clean_194.reference.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found: dict[str, Any] = json.loads(path.read_text())["authors_cleaned_194"]
    return found


@pytest.fixture(scope="module")
def halves(reference: object) -> tuple[Matrix, Matrix]:
    with (_SURVEY / "kservqual_clean_194.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    expectation, perception = (
        np.array([[float(row[half + item]) for item in _ITEMS] for row in rows]) for half in "EP"
    )
    return expectation, perception


def dimensions(reference: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [str(item) for item in told["items"]] for name, told in reference["dimensions"].items()}


class TestReference:
    def test_items(self, reference: dict[str, Any], halves: tuple[Matrix, Matrix]) -> None:
        for told in gaps_by_item(_ITEMS, *halves):
            expected = reference["items"][told.item]
            assert [round(part or 0, 6) for part in (told.expectation, told.perception, told.gap)] == list(
                expected.values()
            )
            assert told.n == 194

    def test_dimensions(self, reference: dict[str, Any], halves: tuple[Matrix, Matrix]) -> None:
        for told in gaps_by_group(_ITEMS, dimensions(reference), *halves):
            expected = reference["dimensions"][told.group]
            assert round(told.expectation or 0, 6) == expected["E_mean"]
            assert round(told.perception or 0, 6) == expected["P_mean"]
            assert round(told.gap or 0, 6) == expected["gap"]
            assert round(told.alpha_expectation.raw or 0, 6) == expected["alpha_E"]
            assert round(told.alpha_perception.raw or 0, 6) == expected["alpha_P"]
            assert round(told.alpha_gap.raw or 0, 6) == expected["alpha_gap"]

    def test_whole(self, reference: dict[str, Any], halves: tuple[Matrix, Matrix]) -> None:
        told = whole_of(gaps_by_group(_ITEMS, dimensions(reference), *halves), None, *halves)
        expected = reference["overall"]
        assert round(told.expectation or 0, 6) == expected["E_mean"]
        assert round(told.perception or 0, 6) == expected["P_mean"]
        assert round(told.gap or 0, 6) == expected["mean_of_dimension_gaps"]
        assert round(told.unweighted or 0, 6) == expected["unweighted_gap"]
        assert round(told.alpha_expectation.raw or 0, 6) == expected["alpha_E_24"]
        assert round(told.alpha_perception.raw or 0, 6) == expected["alpha_P_24"]
        assert round(told.alpha_gap.raw or 0, 6) == expected["alpha_gap_24"]

    def test_what_is_significant(self, reference: dict[str, Any], halves: tuple[Matrix, Matrix]) -> None:
        """All but fun, whose perception is above what was expected, by chance at that."""
        told = gaps_by_group(_ITEMS, dimensions(reference), *halves)
        assert [group.group for group in told if not group.is_significantly_negative()] == ["fun"]


class TestCronbach:
    def test_by_hand(self) -> None:
        """Two items with variances 1 and 4 and covariance 1.5: total 8; 2 · (1 − 5/8) = 0.75. Their correlation is
        0.75: standardised 1.5/1.75."""
        first = np.array([-1.0, 0.0, 1.0])
        second = np.array([-1.5 + 0.5 * np.sqrt(7 / 3), -np.sqrt(7 / 3), 1.5 + 0.5 * np.sqrt(7 / 3)])
        assert np.var(second, ddof=1) == pytest.approx(4.0)
        alpha = cronbach(np.column_stack([first, second]))
        assert alpha.raw == pytest.approx(0.75)
        assert alpha.standardised == pytest.approx(1.5 / 1.75)

    def test_rows_with_a_missing_answer_are_left_out(self) -> None:
        whole = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 5.0]])
        holed = np.vstack([whole, [[7.0, np.nan]]])
        assert cronbach(holed) == cronbach(whole)
        assert cronbach(holed).n == 3

    @pytest.mark.parametrize(
        "answers", [np.ones((5, 1)), np.ones((1, 3)), np.empty((0, 4)), np.full((3, 2), np.nan)], ids=str
    )
    def test_what_has_none(self, answers: Matrix) -> None:
        assert cronbach(answers).raw is None
        assert cronbach(answers).standardised is None

    def test_nothing_varies(self) -> None:
        assert cronbach(np.full((4, 3), 5.0)).raw is None


class TestGaps:
    def test_missing_halves_by_hand(self) -> None:
        expectation = np.array([[7.0, 6.0], [5.0, np.nan], [6.0, 4.0]])
        perception = np.array([[5.0, np.nan], [4.0, 3.0], [6.0, 2.0]])
        one, two = gaps_by_item(["a", "b"], expectation, perception)
        assert (one.expectation, one.perception, one.gap, one.n) == (6.0, 5.0, -1.0, 3)
        assert (two.expectation, two.perception, two.gap, two.n) == (5.0, 2.5, -2.0, 1)
        (group,) = gaps_by_group(["a", "b"], {"both": ["a", "b"]}, expectation, perception)
        assert group.gap == -1.5
        assert group.n == 1

    def test_weights_by_hand(self) -> None:
        expectation = np.array([[5.0, 5.0], [5.0, 5.0]])
        perception = np.array([[4.0, 2.0], [4.0, 2.0]])
        groups = gaps_by_group(["a", "b"], {"first": ["a"], "second": ["b"]}, expectation, perception)
        assert whole_of(groups, {"first": 0.75, "second": 0.25}, expectation, perception).gap == -1.5
        assert whole_of(groups, None, expectation, perception).gap == -2.0

    @pytest.mark.parametrize("weights", [{"first": 1.0}, {"first": 0.5, "second": 0.6}, {"first": -1, "second": 2}])
    def test_weights_that_cannot_be(self, weights: dict[str, float]) -> None:
        half = np.ones((2, 2))
        groups = gaps_by_group(["a", "b"], {"first": ["a"], "second": ["b"]}, half, half)
        with pytest.raises(ValueError, match="add up to 1"):
            whole_of(groups, weights, half, half)

    def test_nobody_answered(self) -> None:
        empty = np.empty((0, 2))
        (group,) = gaps_by_group(["a", "b"], {"both": ["a", "b"]}, empty, empty)
        assert (group.gap, group.p_value, group.n) == (None, None, 0)
        assert not group.is_significantly_negative()


class TestCorrectForMany:
    def test_by_hand(self) -> None:
        """Holm: 0.01 · 3, 0.02 · 2, 0.03 · 1 but never below the one before."""
        assert correct_for_many([0.03, None, 0.01, 0.02]) == [0.04, None, 0.03, 0.04]
        assert correct_for_many([0.9, 0.8]) == [1.0, 1.0]
        assert correct_for_many([]) == []
