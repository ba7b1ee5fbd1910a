"""R175, F21: equal to the published figures of 194 respondents, to the last printed digit."""

import csv
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from services.satisfaction.analysis.servqual import (
    Halves,
    Matrix,
    correct_for_many,
    cronbach,
    gaps_by_group,
    gaps_by_item,
    read_halves,
    whole_of,
)
from services.satisfaction.analysis.strata import Strata
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


def plain(expectation: Matrix, perception: Matrix) -> Halves:
    """All of one stratum, of a population without number."""
    n = len(expectation)
    return read_halves(expectation, perception, Strata(["all"] * n, {"all": 10**12}))


@pytest.fixture(scope="module")
def halves(reference: object) -> Halves:
    with (_SURVEY / "kservqual_clean_194.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    expectation, perception = (
        np.array([[float(row[half + item]) for item in _ITEMS] for row in rows]) for half in "EP"
    )
    return plain(expectation, perception)


def dimensions(reference: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [str(item) for item in told["items"]] for name, told in reference["dimensions"].items()}


class TestReference:
    def test_items(self, reference: dict[str, Any], halves: Halves) -> None:
        for told in gaps_by_item(_ITEMS, halves):
            expected = reference["items"][told.item]
            assert [round(part or 0, 6) for part in (told.expectation, told.perception, told.gap)] == list(
                expected.values()
            )
            assert told.n == 194

    def test_dimensions(self, reference: dict[str, Any], halves: Halves) -> None:
        for told in gaps_by_group(_ITEMS, dimensions(reference), halves):
            expected = reference["dimensions"][told.group]
            assert round(told.expectation or 0, 6) == expected["E_mean"]
            assert round(told.perception or 0, 6) == expected["P_mean"]
            assert round(told.told.gap or 0, 6) == expected["gap"]
            assert round(told.alpha_expectation.raw or 0, 6) == expected["alpha_E"]
            assert round(told.alpha_perception.raw or 0, 6) == expected["alpha_P"]
            assert round(told.alpha_gap.raw or 0, 6) == expected["alpha_gap"]

    def test_whole(self, reference: dict[str, Any], halves: Halves) -> None:
        groups = dimensions(reference)
        told = whole_of(_ITEMS, groups, dict.fromkeys(groups, 1 / 8), halves)
        expected = reference["overall"]
        assert round(told.expectation or 0, 6) == expected["E_mean"]
        assert round(told.perception or 0, 6) == expected["P_mean"]
        assert round(told.told.gap or 0, 6) == expected["mean_of_dimension_gaps"]
        assert round(told.unweighted or 0, 6) == expected["unweighted_gap"]
        assert round(told.alpha_expectation.raw or 0, 6) == expected["alpha_E_24"]
        assert round(told.alpha_perception.raw or 0, 6) == expected["alpha_P_24"]
        assert round(told.alpha_gap.raw or 0, 6) == expected["alpha_gap_24"]

    def test_what_is_significant(self, reference: dict[str, Any], halves: Halves) -> None:
        """All but fun, whose perception is above what was expected, by chance at that."""
        told = gaps_by_group(_ITEMS, dimensions(reference), halves)
        assert [group.group for group in told if (group.told.p_value or 0) >= 0.05] == ["fun"]
        assert [group.group for group in told if (group.told.gap or 0) >= 0] == ["fun"]

    def test_intervals_are_students(self, reference: dict[str, Any], halves: Halves) -> None:
        """Of the respondents' mean gaps, by SciPy; the p-values are those of its test, by Holm."""
        expected = {}
        for name, items in dimensions(reference).items():
            means = halves.gap.answers[:, [int(item) - 1 for item in items]].mean(axis=1)
            expected[name] = stats.ttest_1samp(means, 0.0)
        corrected = correct_for_many([test.pvalue for test in expected.values()])
        for told, p_value in zip(gaps_by_group(_ITEMS, dimensions(reference), halves, 0.9), corrected, strict=True):
            interval = expected[told.group].confidence_interval(0.9)
            assert (told.told.low, told.told.high) == pytest.approx((interval.low, interval.high), rel=1e-9)
            assert told.told.p_value == pytest.approx(p_value, rel=1e-9)


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
        ("answers", "why"),
        [
            (np.ones((5, 1)), "one_item"),
            (np.ones((1, 3)), "too_few_answers"),
            (np.empty((0, 4)), "too_few_answers"),
            (np.full((3, 2), np.nan), "too_few_answers"),
            (np.full((4, 3), 5.0), "no_variance"),
        ],
    )
    def test_says_why_there_is_none(self, answers: Matrix, why: str) -> None:
        alpha = cronbach(answers)
        assert (alpha.raw, alpha.standardised, alpha.undefined) == (None, None, why)

    def test_an_item_that_does_not_vary_has_no_correlation(self) -> None:
        """Variances 1, 1 and 0, covariance 1 of the first two: total 4; 3/2 · (1 − 2/4) = 0.75."""
        alpha = cronbach(np.array([[1.0, 2.0, 5.0], [2.0, 3.0, 5.0], [3.0, 4.0, 5.0]]))
        assert (alpha.raw, alpha.standardised, alpha.undefined) == (pytest.approx(0.75), None, "no_variance")

    def test_below_zero_where_items_contradict_each_other(self) -> None:
        """Variances 2/3 and 4/3, covariance −2/3: total 2/3; 2 · (1 − 2/(2/3)) = −4. Their correlation is −½√2."""
        alpha = cronbach(np.array([[1.0, 3.0], [2.0, 3.0], [3.0, 1.0], [2.0, 1.0]]))
        assert alpha.raw == pytest.approx(-4)
        assert alpha.standardised == pytest.approx(-np.sqrt(2) / (1 - np.sqrt(0.5)))
        assert alpha.undefined is None


class TestGaps:
    def test_missing_halves_by_hand(self) -> None:
        """The first item's gaps are −2, −1 and 0, the second's only −2: the dimension's −1.5 is the mean of the two."""
        expectation = np.array([[7.0, 6.0], [5.0, np.nan], [6.0, 4.0]])
        perception = np.array([[5.0, np.nan], [4.0, 3.0], [6.0, 2.0]])
        halves = plain(expectation, perception)
        one, two = gaps_by_item(["a", "b"], halves)
        assert (one.expectation, one.perception, one.gap, one.n) == (6.0, 5.0, -1.0, 3)
        assert (two.expectation, two.perception, two.gap, two.n) == (5.0, 2.5, -2.0, 1)
        (group,) = gaps_by_group(["a", "b"], {"both": ["a", "b"]}, halves)
        assert (group.told.gap, group.told.n) == (-1.5, 3)
        # each moves the mean of means by half of (−2 + 1, −1 + 1, 0 + 1)/3: variance 3/2 · 2 · (1/6)² = 1/12
        assert group.told.error == pytest.approx((1 / 12) ** 0.5)
        assert group.told.low is not None
        assert group.told.low < -1.5

    def test_weights_by_hand(self) -> None:
        halves = plain(np.array([[5.0, 5.0], [5.0, 5.0]]), np.array([[4.0, 2.0], [4.0, 2.0]]))
        groups = {"first": ["a"], "second": ["b"]}
        assert whole_of(["a", "b"], groups, {"first": 0.75, "second": 0.25}, halves).told.gap == -1.5
        assert whole_of(["a", "b"], groups, {"first": 0.5, "second": 0.5}, halves).told.gap == -2.0

    @pytest.mark.parametrize("weights", [{"first": 1.0}, {"first": 0.5, "second": 0.6}, {"first": -1, "second": 2}])
    def test_weights_that_cannot_be(self, weights: dict[str, float]) -> None:
        half = np.ones((2, 2))
        with pytest.raises(ValueError, match="add up to 1"):
            whole_of(["a", "b"], {"first": ["a"], "second": ["b"]}, weights, plain(half, half))

    def test_nobody_answered(self) -> None:
        empty = np.empty((0, 2))
        (group,) = gaps_by_group(["a", "b"], {"both": ["a", "b"]}, plain(empty, empty))
        assert (group.told.gap, group.told.p_value, group.told.n) == (None, None, 0)

    def test_strata_weigh_by_their_people(self) -> None:
        """Gaps −1 and −3 in a stratum of 300, 0 in one of 100 with one answer: (300 · −2 + 100 · 0) / 400. A stratum
        without answers weighs nothing."""
        expectation, perception = np.array([[5.0], [5.0], [5.0]]), np.array([[4.0], [2.0], [5.0]])
        strata = Strata(["large", "large", "small"], {"large": 300, "none": 77, "small": 100})
        (group,) = gaps_by_group(["a"], {"only": ["a"]}, read_halves(expectation, perception, strata))
        assert (group.told.gap, group.expectation, group.perception) == (-1.5, 5.0, 3.5)
        # (3/4)² · 2/2 · 298/299 + (1/4)² · 7/3, the variance of all three, · 99/99
        assert group.told.error == pytest.approx((9 / 16 * 298 / 299 + 1 / 16 * 7 / 3) ** 0.5)

    def test_two_who_agree_do_not_show_that_a_stratum_does_not_vary(self) -> None:
        """Gaps −4, −2 in one stratum and −1 twice in the other, equally large, without end: as of all, variance 2."""
        expectation, perception = np.full((4, 1), 5.0), np.array([[1.0], [3.0], [4.0], [4.0]])
        strata = Strata(["a", "a", "b", "b"], {"a": 10**12, "b": 10**12})
        (group,) = gaps_by_group(["x"], {"only": ["x"]}, read_halves(expectation, perception, strata))
        assert group.told.error == pytest.approx((2 / 4 / 2 + 2 / 4 / 2) ** 0.5)

    def test_everybody_says_the_same(self) -> None:
        """Student's test knows nothing of it; the sign test does: 2 · ½⁶."""
        halves = plain(np.full((6, 2), 6.0), np.full((6, 2), 4.0))
        (group,) = gaps_by_group(["a", "b"], {"both": ["a", "b"]}, halves)
        assert (group.told.low, group.told.high, group.told.p_value) == (-2.0, -2.0, pytest.approx(2 / 64))

    def test_means_that_agree_but_for_rounding_do_not_vary(self) -> None:
        """Each respondent's mean gap is the same, by different ways: nothing is found significant by 10⁻¹⁷."""
        halves = plain(np.full((2, 3), 6.0), np.array([[6.0, 5.0, 3.0], [3.0, 6.0, 5.0]]))
        (group,) = gaps_by_group(["a", "b", "c"], {"all": ["a", "b", "c"]}, halves)
        assert (group.told.error, group.told.p_value) == (0.0, 0.5)


class TestCorrectForMany:
    def test_by_hand(self) -> None:
        """Holm: 0.01 · 3, 0.02 · 2, 0.03 · 1 but never below the one before."""
        assert correct_for_many([0.03, None, 0.01, 0.02]) == [0.04, None, 0.03, 0.04]
        assert correct_for_many([0.9, 0.8]) == [1.0, 1.0]
        assert correct_for_many([]) == []
