import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from services.metrics.analysis.evidence import Answer, Count, Data, Guard, Numbers, Proportion, Question
from services.metrics.analysis.rules import assess_effect, compare, describe

RISE = "higher_is_better"
FALL = "lower_is_better"

# An incident log's SLA attainment by month opened: March 2016, then April and May (UCI 498, CC BY 4.0).
MARCH = Proportion(successes=3585, n=8995)
APRIL_AND_MAY = Proportion(successes=11905, n=15442)


def hours(*values: float, statistic: str = "median") -> Numbers:
    return Numbers(statistic=statistic, values=values)


def ask(before: Data, after: Data, direction: str = RISE, **plan: object) -> Answer:
    return assess_effect(Question(direction=direction, before=before, after=after, **plan))


@st.composite
def proportions(draw: st.DrawFn, most: int = 200, least: int = 1) -> Proportion:
    n = draw(st.integers(least, most))
    return Proportion(successes=draw(st.integers(0, n)), n=n)


@st.composite
def counts(draw: st.DrawFn) -> Count:
    return Count(events=draw(st.integers(0, 60)), exposure=draw(st.integers(1, 24)))


def numbers(least: int = 2, most: int = 30) -> st.SearchStrategy[Numbers]:
    values = st.lists(st.integers(0, 500).map(lambda tenth: tenth / 10), min_size=least, max_size=most)
    return st.builds(Numbers, statistic=st.just("median"), values=values.map(tuple))


pairs = st.one_of(
    st.tuples(proportions(), proportions()), st.tuples(counts(), counts()), st.tuples(numbers(), numbers())
)


class TestAssessEffect:
    def test_the_real_improvement_is_effective(self) -> None:
        answer = ask(MARCH, APRIL_AND_MAY, target=0.75, minimum_effect=0.05)
        assert answer.verdict == "effective"
        assert answer.test == "Fisher's exact test"
        assert answer.before.value == pytest.approx(0.398555, abs=1e-6)
        assert answer.effect == pytest.approx(0.372395, abs=1e-6)
        assert answer.interval == pytest.approx((0.360228, 0.384415), abs=1e-6)  # Newcombe's method 10, by hand
        assert answer.p_value is not None
        assert answer.p_value < 1e-300
        assert answer.target_met is True

    def test_the_same_backwards_has_regressed(self) -> None:
        answer = ask(APRIL_AND_MAY, MARCH, target=0.75)
        assert answer.verdict == "regressed"
        assert answer.p_value == pytest.approx(1.0)
        assert answer.target_met is False

    def test_a_missed_target_is_ineffective(self) -> None:
        answer = ask(MARCH, APRIL_AND_MAY, target=0.80)
        assert (answer.verdict, answer.target_met) == ("ineffective", False)
        assert "short of the target 0.8" in answer.reason

    def test_a_target_is_met_exactly(self) -> None:
        before, after = Proportion(successes=20, n=100), Proportion(successes=75, n=100)
        assert ask(before, after, target=0.75).verdict == "effective"

    def test_less_than_the_minimum_effect_is_ineffective(self) -> None:
        answer = ask(MARCH, APRIL_AND_MAY, minimum_effect=0.38)
        assert answer.verdict == "ineffective"
        assert "by less than the planned 0.38" in answer.reason

    def test_no_change_that_excludes_the_minimum_effect_is_ineffective(self) -> None:
        same = Proportion(successes=5000, n=10000)
        answer = ask(same, same, minimum_effect=0.05)
        assert answer.verdict == "ineffective"
        assert "one of 0.05 is excluded" in answer.reason

    def test_no_change_that_could_hide_the_minimum_effect_is_inconclusive(self) -> None:
        same = Proportion(successes=20, n=40)
        assert ask(same, same, minimum_effect=0.05).verdict == "inconclusive"

    def test_too_few_on_one_side_is_inconclusive(self) -> None:
        answer = ask(MARCH, Proportion(successes=29, n=29))
        assert answer.verdict == "inconclusive"
        assert "n = 8,995 before and 29 after" in answer.reason

    def test_no_data_is_inconclusive_and_tells_no_figures(self) -> None:
        answer = ask(MARCH, Proportion(successes=0, n=0), target=0.5)
        assert answer.verdict == "inconclusive"
        assert (answer.test, answer.effect, answer.interval, answer.p_value, answer.target_met) == (None,) * 5

    def test_shorter_times_are_effective(self) -> None:
        rng = np.random.default_rng(5)
        before, after = rng.lognormal(4, 1, 300), rng.lognormal(3, 1, 300)
        answer = ask(hours(*before), hours(*after), FALL, target=40.0)
        assert answer.verdict == "effective"
        assert answer.test == "Mann-Whitney test"
        assert answer.effect == pytest.approx(np.median(after) - np.median(before))

    def test_a_mean_that_worsens_while_most_improve_is_inconclusive(self) -> None:
        before = hours(*range(100, 200), statistic="mean")
        after = hours(*range(50, 145), *[20_000] * 5, statistic="mean")
        answer = ask(before, after, FALL)
        assert answer.verdict == "inconclusive"
        assert "did not follow" in answer.reason

    @pytest.mark.parametrize(
        ("before", "after"), [((5.0,), (1.0,)), ((5.0, 6.0), (1.0, 2.0)), ((5.0,), (1.0, 2.0, 3.0))]
    )
    def test_few_numbers_are_compared_and_prove_nothing(
        self, before: tuple[float, ...], after: tuple[float, ...]
    ) -> None:
        """By chance alone all of one side lie below all of the other in one of C(n, k)."""
        answer = ask(hours(*before, statistic="mean"), hours(*after, statistic="mean"), FALL, minimum_n=1)
        assert answer.verdict == "inconclusive"
        assert answer.p_value == pytest.approx(1 / math.comb(len(before) + len(after), len(before)))
        assert answer.interval is not None
        assert answer.interval[0] <= answer.effect <= answer.interval[1]

    def test_no_outage_after_twenty_before_is_effective(self) -> None:
        answer = ask(Count(events=20, exposure=4), Count(events=0, exposure=4), FALL, minimum_n=20)
        assert answer.verdict == "effective"
        assert answer.p_value == pytest.approx(0.5**20)

    def test_a_worse_guard_is_never_effective(self) -> None:
        guard = Guard(
            measure_key="reopen_rate",
            direction=FALL,
            before=Proportion(successes=100, n=9000),
            after=Proportion(successes=400, n=15000),
        )
        answer = ask(MARCH, APRIL_AND_MAY, target=0.75, guards=(guard,))
        assert answer.verdict == "regressed"
        assert "reopen_rate" in answer.reason
        assert answer.guards[0].worse is True

    def test_a_guard_that_improves_does_no_harm(self) -> None:
        guard = Guard(
            measure_key="reopen_rate",
            direction=FALL,
            before=Proportion(successes=130, n=8995),
            after=Proportion(successes=138, n=15442),
        )
        answer = ask(MARCH, APRIL_AND_MAY, guards=(guard,))
        assert (answer.verdict, answer.guards[0].worse) == ("effective", False)

    def test_a_guard_without_data_leaves_it_open(self) -> None:
        guard = Guard(
            measure_key="callback_coverage",
            direction=RISE,
            before=Proportion(successes=0, n=0),
            after=Proportion(successes=1, n=2),
        )
        answer = ask(MARCH, APRIL_AND_MAY, guards=(guard,))
        assert answer.verdict == "inconclusive"
        assert "callback_coverage" in answer.reason
        assert answer.guards[0].p_value is None

    @given(pairs, st.sampled_from([RISE, FALL]), st.integers(1, 300))
    def test_never_effective_below_the_minimum_n(self, sides: tuple[Data, Data], direction: str, minimum: int) -> None:
        before, after = sides
        answer = ask(before, after, direction, minimum_n=minimum)
        n = [describe(before).n, describe(after).n]
        if (sum(n) if isinstance(before, Count) else min(n)) < minimum:
            assert answer.verdict == "inconclusive"

    @given(pairs, pairs, st.sampled_from([RISE, FALL]))
    def test_effective_means_all_of_it(
        self, sides: tuple[Data, Data], guarded: tuple[Data, Data], direction: str
    ) -> None:
        guard = Guard(measure_key="guard", direction=RISE, before=guarded[0], after=guarded[1])
        answer = ask(*sides, direction, minimum_n=2, minimum_effect=0.01, target=0.5, guards=(guard,))
        if answer.verdict == "effective":
            assert answer.p_value is not None
            assert answer.p_value < answer.alpha
            assert answer.target_met
            assert abs(answer.effect or 0) >= 0.01
            assert not answer.guards[0].worse

    @given(proportions(), proportions(), st.floats(0, 1))
    def test_a_higher_target_is_never_easier(self, before: Proportion, after: Proportion, target: float) -> None:
        if ask(before, after, target=target, minimum_n=1).verdict == "effective":
            assert ask(before, after, target=target / 2, minimum_n=1).verdict == "effective"

    def test_a_million_on_each_side(self) -> None:
        rng = np.random.default_rng(7)
        before = Numbers(statistic="p90", values=tuple(rng.lognormal(3, 1, 1_000_000).tolist()))
        after = Numbers(statistic="p90", values=tuple(rng.lognormal(2.9, 1, 1_000_000).tolist()))
        many = Proportion(successes=400_000, n=1_000_000), Proportion(successes=410_000, n=1_000_000)
        assert ask(before, after, FALL).verdict == "effective"
        assert ask(*many).verdict == "effective"


SIGNED = Proportion(successes=180, n=200)


class TestAssessEffectSustained:
    """R127: whether a signed level still holds. By hand: of 200 cases 90 % were good when it was signed."""

    def test_the_same_level_holds(self) -> None:
        answer = ask(SIGNED, Proportion(successes=89, n=100), purpose="sustain", target=0.75)
        assert (answer.verdict, "holds" in answer.reason) == ("effective", True)

    def test_better_holds_as_well(self) -> None:
        assert ask(SIGNED, Proportion(successes=100, n=100), purpose="sustain").verdict == "effective"

    def test_two_bad_periods_have_regressed(self) -> None:
        answer = ask(
            SIGNED,
            Proportion(successes=120, n=200),
            purpose="sustain",
            without_worst=Proportion(successes=62, n=100),
        )
        assert (answer.verdict, "without the worst period" in answer.reason) == ("regressed", True)

    def test_a_single_bad_period_is_no_proof(self) -> None:
        lonely = ask(SIGNED, Proportion(successes=10, n=100), purpose="sustain")
        assert (lonely.verdict, "one period" in lonely.reason) == ("inconclusive", True)
        beside_a_good_one = ask(
            SIGNED,
            Proportion(successes=100, n=200),
            purpose="sustain",
            without_worst=Proportion(successes=90, n=100),
        )
        assert (beside_a_good_one.verdict, "single period" in beside_a_good_one.reason) == ("inconclusive", True)

    def test_too_few_cases_say_nothing_and_how_few_they_are(self) -> None:
        answer = ask(SIGNED, Proportion(successes=1, n=9), purpose="sustain")
        assert (answer.verdict, "n = 200 before and 9 after" in answer.reason) == ("inconclusive", True)
        assert ask(SIGNED, Proportion(successes=0, n=0), purpose="sustain").verdict == "inconclusive"

    def test_short_of_the_target_without_significance_is_left_open(self) -> None:
        """86 of 100 after 180 of 200: p of worse is 0.20 by Fisher's test."""
        answer = ask(SIGNED, Proportion(successes=86, n=100), purpose="sustain", target=0.88)
        assert (answer.verdict, "short of the target" in answer.reason) == ("inconclusive", True)
        assert ask(SIGNED, Proportion(successes=86, n=100), purpose="sustain", target=0.86).verdict == "effective"

    @given(st.tuples(proportions(), proportions()), st.sampled_from([RISE, FALL]))
    def test_regressed_needs_a_second_period(self, sides: tuple[Data, Data], direction: str) -> None:
        answer = ask(*sides, direction=direction, purpose="sustain", minimum_n=1)
        assert answer.verdict in ("effective", "inconclusive")


class TestCompare:
    @given(pairs, st.sampled_from([0.01, 0.05, 0.2]))
    def test_swapping_the_sides_flips_everything(self, sides: tuple[Data, Data], alpha: float) -> None:
        there, back = compare(*sides, alpha), compare(*reversed(sides), alpha)
        assert back.effect == pytest.approx(-there.effect)
        assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))
        assert (back.p_rise, back.p_fall) == pytest.approx((there.p_fall, there.p_rise))

    @given(pairs, st.sampled_from([0.01, 0.05, 0.2]))
    def test_the_effect_lies_in_its_interval(self, sides: tuple[Data, Data], alpha: float) -> None:
        compared = compare(*sides, alpha)
        assert compared.interval[0] <= compared.effect + 1e-12
        assert compared.effect <= compared.interval[1] + 1e-12

    @given(pairs)
    def test_more_confidence_is_a_wider_interval(self, sides: tuple[Data, Data]) -> None:
        narrow, wide = compare(*sides, 0.2).interval, compare(*sides, 0.01).interval
        assert wide[0] <= narrow[0] + 1e-12
        assert narrow[1] <= wide[1] + 1e-12

    @given(proportions(), st.integers(1, 30))
    def test_more_successes_after_are_more_surprising(self, before: Proportion, n: int) -> None:
        surprises = [compare(before, Proportion(successes=k, n=n), 0.05).p_rise for k in range(n + 1)]
        assert all(later <= earlier + 1e-12 for earlier, later in pairwise(surprises))

    @given(proportions(), proportions())
    def test_proportions_agree_with_fishers_exact_test(self, before: Proportion, after: Proportion) -> None:
        table = [[s.successes, s.n - s.successes] for s in (after, before)]
        compared = compare(before, after, 0.05)
        assert compared.p_rise == pytest.approx(stats.fisher_exact(table, "greater").pvalue, abs=1e-9)
        assert compared.p_fall == pytest.approx(stats.fisher_exact(table, "less").pvalue, abs=1e-9)

    @given(proportions(most=12), proportions(most=12))
    def test_proportions_agree_with_counting_all_tables(self, before: Proportion, after: Proportion) -> None:
        successes = before.successes + after.successes
        tables = {
            k: math.comb(after.n, k) * math.comb(before.n, successes - k)
            for k in range(max(0, successes - before.n), min(after.n, successes) + 1)
        }
        at_least = sum(ways for k, ways in tables.items() if k >= after.successes)
        assert compare(before, after, 0.05).p_rise == pytest.approx(at_least / sum(tables.values()))

    @given(counts(), counts())
    def test_counts_agree_with_the_exact_binomial(self, before: Count, after: Count) -> None:
        events = before.events + after.events
        share = after.exposure / (before.exposure + after.exposure)
        at_least = sum(
            math.comb(events, k) * share**k * (1 - share) ** (events - k) for k in range(after.events, events + 1)
        )
        assert compare(before, after, 0.05).p_rise == pytest.approx(at_least, abs=1e-12)

    @given(numbers(least=60, most=80), numbers(least=60, most=80))
    def test_numbers_agree_with_scipy(self, before: Numbers, after: Numbers) -> None:
        assume(len({*before.values, *after.values}) > 1)
        expected = stats.mannwhitneyu(after.values, before.values, alternative="greater", method="asymptotic")
        assert compare(before, after, 0.05).p_rise == pytest.approx(expected.pvalue)

    def test_small_samples_without_ties_are_exact(self) -> None:
        compared = compare(hours(1, 2, 3), hours(4, 5, 6), 0.05)
        assert compared.p_rise == pytest.approx(1 / math.comb(6, 3))

    def test_all_the_same_is_no_surprise(self) -> None:
        compared = compare(hours(*[3.0] * 40), hours(*[3.0] * 40), 0.05)
        assert (compared.p_rise, compared.p_fall, compared.effect) == (1.0, 1.0, 0.0)

    @pytest.mark.parametrize("statistic", ["mean", "median", "p90"])
    def test_intervals_of_numbers_cover_as_promised(self, statistic: str) -> None:
        rng = np.random.default_rng(11)
        truth = {"mean": 5.0, "median": 5 * math.log(2), "p90": 5 * math.log(10)}[statistic]
        covered = 0
        for _ in range(400):
            before, after = rng.exponential(5, 200), rng.exponential(10, 200)
            low, high = compare(hours(*before, statistic=statistic), hours(*after, statistic=statistic), 0.1).interval
            covered += low <= truth <= high
        assert covered / 400 > 0.9 - 3 * math.sqrt(0.9 * 0.1 / 400)

    def test_newcombe_published_example(self) -> None:
        """Newcombe 1998, Table II (a): 56/70 − 48/80, method 10: 0.0524 to 0.3339."""
        compared = compare(Proportion(successes=48, n=80), Proportion(successes=56, n=70), 0.05)
        assert compared.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)

    def test_garwood_of_a_single_side(self) -> None:
        """10 events: 4.80 to 18.39 at 95 % (Garwood 1936); none in a long time hardly widens it."""
        compared = compare(Count(events=0, exposure=1e9), Count(events=10, exposure=1), 0.05)
        assert compared.interval == pytest.approx((4.795, 18.390), abs=1e-3)

    def test_unlike_things_are_not_compared(self) -> None:
        with pytest.raises(ValueError, match="cannot compare"):
            compare(hours(1, statistic="mean"), hours(1, statistic="median"), 0.05)


class TestDescribe:
    def test_quantiles_interpolate_as_postgres_does(self) -> None:
        assert describe(hours(1, 2, 3, 4, statistic="p90")).value == pytest.approx(3.7)
        assert describe(hours(1, 2, 3, 4)).value == pytest.approx(2.5)

    def test_nothing_is_no_value(self) -> None:
        assert describe(hours()).value is None
        assert describe(Proportion(successes=0, n=0)).value is None

    def test_a_count_is_a_rate_per_period(self) -> None:
        assert describe(Count(events=6, exposure=3)).value == 2.0
