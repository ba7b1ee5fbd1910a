"""F24, R85: intervals and sample sizes against textbook figures and a second computation."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.satisfaction.analysis.proportions import (
    Counted,
    effective_size,
    required_answers,
    share_of,
    weigh_strata,
    wilson,
)


class TestShareOf:
    @given(st.integers(1, 400), st.data())
    @settings(max_examples=60)
    def test_is_wilsons_where_the_population_is_endless(self, n: int, data: st.DataObject) -> None:
        said_so = data.draw(st.integers(0, n))
        told = share_of(said_so, n)
        expected = stats.binomtest(said_so, n).proportion_ci(0.95, method="wilson")
        assert (told.low, told.high) == pytest.approx((expected.low, expected.high), abs=1e-9)

    def test_correction_by_hand(self) -> None:
        """80 of 100 answers of 200 people weigh as 100 · 199 / 100 = 199 answers."""
        assert effective_size(100, 200) == 199
        told = share_of(80, 100, 200)
        expected = stats.binomtest(80, 100).proportion_ci(0.95, method="wilson")
        assert told.value == 0.8
        assert told.margin is not None
        assert told.margin < (expected.high - expected.low) / 2
        assert told.margin == pytest.approx(0.0556, abs=5e-4)

    def test_everybody_asked_leaves_no_doubt(self) -> None:
        told = share_of(30, 40, 40)
        assert (told.low, told.high, told.margin) == (0.75, 0.75, 0.0)

    def test_nobody_answered_is_no_data(self) -> None:
        assert share_of(0, 0, 50) == share_of(0, 0)
        assert share_of(0, 0).value is None
        assert share_of(0, 0).margin is None


class TestWeighStrata:
    def test_equal_strata_by_hand(self) -> None:
        """900 people of whom 9 of 10 agree, 100 of whom 2 of 10: 0.9 · 0.9 + 0.1 · 0.2."""
        told = weigh_strata([Counted(900, 100, 90), Counted(100, 100, 20)])
        assert told.value == pytest.approx(0.83)
        assert told.n == 200

    def test_one_stratum_is_a_simple_sample(self) -> None:
        one, simple = weigh_strata([Counted(200, 100, 80)]), share_of(80, 100, 200)
        assert (one.value, one.low, one.high) == pytest.approx((simple.value, simple.low, simple.high))

    def test_a_stratum_without_answers_weighs_nothing(self) -> None:
        assert weigh_strata([Counted(200, 100, 80), Counted(800, 0, 0)]) == weigh_strata([Counted(200, 100, 80)])
        assert weigh_strata([Counted(800, 0, 0)]).value is None

    def test_one_answer_does_not_speak_for_a_stratum_without_doubt(self) -> None:
        """One of 900 people said so, and 25 of 50 of another 100: 0.9 · 1 + 0.1 · 0.5. That one is taken to vary as
        all do, by 0.95 · 0.05; the whole then weighs little more than a single answer."""
        told = weigh_strata([Counted(900, 1, 1), Counted(100, 50, 25)])
        variance = 0.81 * 0.95 * 0.05 + 0.01 * 0.25 / effective_size(50, 100)
        expected = stats.binomtest(95, 100).proportion_ci(0.95, method="wilson")
        assert told.value == pytest.approx(0.95)
        assert told.low is not None
        assert told.low < 0.3 < expected.low
        low, _ = wilson(0.95, 0.95 * 0.05 / variance)
        assert told.low == pytest.approx(low)

    def test_all_of_one_mind_still_have_an_interval(self) -> None:
        told = weigh_strata([Counted(1000, 20, 20), Counted(1000, 20, 20)])
        assert told.value == 1.0
        assert told.low is not None
        assert 0.85 < told.low < 0.95

    def test_the_interval_holds_what_it_says(self) -> None:
        """Two strata, drawn again and again: 95 of 100 intervals hold the truth, within chance."""
        chance = stats.hypergeom
        truth = (0.9 * 4000 + 0.3 * 1000) / 5000
        first = chance.rvs(4000, 3600, 150, size=2000, random_state=1)
        second = chance.rvs(1000, 300, 150, size=2000, random_state=2)
        held = 0
        for one, two in zip(first, second, strict=True):
            told = weigh_strata([Counted(4000, 150, int(one)), Counted(1000, 150, int(two))])
            assert told.low is not None
            assert told.high is not None
            held += told.low <= truth <= told.high
        assert 0.93 < held / 2000 < 0.97


class TestRequiredAnswers:
    @pytest.mark.parametrize(
        ("population", "margin", "expected"),
        [
            (1_000_000, 0.05, 384),
            (10_000, 0.05, 370),
            (1000, 0.05, 278),
            (100, 0.05, 80),
            (500, 0.03, 341),
            (1, 0.05, 1),
        ],
    )
    def test_textbook(self, population: int, margin: float, expected: int) -> None:
        assert required_answers(population, margin) == expected

    def test_nobody_is_nobody(self) -> None:
        assert required_answers(0, 0.05) == 0

    @given(st.integers(2, 50_000), st.floats(0.01, 0.2))
    @settings(max_examples=80)
    def test_so_many_reach_the_margin_of_the_normal_interval(self, population: int, margin: float) -> None:
        n = required_answers(population, margin)
        assert n <= population
        if n < population:
            reached = 1.959964 * math.sqrt(0.25 / effective_size(n, population))
            assert reached <= margin * 1.0001
