from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.improvement.effects.rules import Effect
from services.improvement.sustain.rules import (
    describe_regression,
    due_at,
    is_watched,
    judge_answer,
    plan_check,
    plan_next_cycle,
    title_regression,
)
from shared.events.improvement import VerificationPlan
from shared.events.metrics import EffectAssessed, Sample
from tests.improvement.builders import make_assessment

PLAN = VerificationPlan(
    measure_key="sla_attainment",
    scope="service=mail",
    direction="higher_is_better",
    baseline_from=date(2016, 3, 1),
    baseline_to=date(2016, 4, 1),
    minimum_effect=0.05,
    settle_days=14,
    minimum_points=2,
    minimum_n=50,
    guard_measures=("mttr_mean",),
    alpha=0.01,
)
SIGNED = Sample(period_from=date(2016, 4, 1), period_to=date(2016, 6, 1), periods=2, n=200, value=0.9)
LOST = Sample(period_from=date(2016, 6, 1), period_to=date(2016, 8, 1), periods=2, n=180, value=0.6)
ORIGINAL = Sample(period_from=date(2016, 3, 1), period_to=date(2016, 4, 1), periods=1, n=100, value=0.4)
EMPTY = Sample(period_from=date(2016, 4, 1), period_to=date(2016, 4, 1), periods=0, n=0, value=None)


def assessed(**changes: Any) -> EffectAssessed:
    return make_assessment(uuid4(), uuid4(), "0" * 64, **changes)


class TestIsWatched:
    """R36, R127: only a signed effective level is there to be held."""

    @pytest.mark.parametrize("verdict", ["ineffective", "inconclusive", "regressed", None])
    def test_other_verdicts_are_not(self, verdict: str | None) -> None:
        assert not is_watched(verdict, "not_achieved", assessed())

    def test_an_effective_one_is_unless_another_superseded_it(self) -> None:
        assert is_watched("effective", "achieved", assessed())
        assert is_watched("effective", None, assessed())
        assert not is_watched("effective", "superseded", assessed())

    def test_without_a_level_there_is_nothing_to_hold(self) -> None:
        assert not is_watched("effective", "achieved", None)
        assert not is_watched("effective", "achieved", assessed(after=EMPTY))


class TestDueAt:
    def test_full_days_over_a_change_of_clocks_and_a_leap_day(self) -> None:
        assert due_at(datetime(2024, 2, 1, 9, tzinfo=UTC), 30) == datetime(2024, 3, 2, 9, tzinfo=UTC)
        assert due_at(datetime(2026, 3, 20, 9, tzinfo=UTC), 90) == datetime(2026, 6, 18, 9, tzinfo=UTC)


class TestPlanCheck:
    def test_compares_what_came_after_with_the_signed_period(self) -> None:
        plan, since = plan_check(PLAN, SIGNED)
        assert (plan.baseline_from, plan.baseline_to) == (date(2016, 4, 1), date(2016, 6, 1))
        assert since == datetime(2016, 6, 1, tzinfo=UTC)
        assert (plan.minimum_points, plan.settle_days, plan.minimum_effect, plan.guard_measures) == (1, 0, 0.0, ())
        kept = ("measure_key", "scope", "direction", "minimum_n", "alpha")
        assert [getattr(plan, name) for name in kept] == [getattr(PLAN, name) for name in kept]


class TestJudgeAnswer:
    @pytest.mark.parametrize(
        ("verdict", "state"),
        [
            ("effective", "held"),
            ("regressed", "regressed"),
            ("inconclusive", "inconclusive"),
            ("ineffective", "inconclusive"),
        ],
    )
    def test_by_verdict(self, verdict: Any, state: str) -> None:
        assert judge_answer(verdict) == state


class TestPlanNextCycle:
    def test_begins_where_the_level_fell_to(self) -> None:
        plan = plan_next_cycle(PLAN, LOST)
        assert (plan.baseline_from, plan.baseline_to) == (date(2016, 6, 1), date(2016, 8, 1))
        assert plan.guard_measures == PLAN.guard_measures


def effect(original: Sample | None = ORIGINAL, direction: Any = "higher_is_better") -> Effect:
    return Effect("m", "all", direction, original, None, None, None, None, None, None, ())


class TestDescribeRegression:
    """R27, R36: against the signed level and against the original one."""

    def test_in_numbers(self) -> None:
        said = describe_regression("IMP-000007", 60, "share", SIGNED, assessed(after=LOST, reason="worse"), effect())
        assert said == (
            "IMP-000007 was signed effective at 90.00% (n = 200, 1 Apr 2016 up to 1 Jun 2016). 60 days after closing "
            "the level was 60.00% (n = 180, 1 Jun 2016 up to 1 Aug 2016): a loss of 30.00 percentage points against "
            "what was signed; 20.00 percentage points better than "
            "the original level of 40.00% (n = 100, 1 Mar 2016 up to 1 Apr 2016). worse."
        )

    def test_below_the_original_level_says_so(self) -> None:
        fell = LOST.model_copy(update={"value": 0.3})
        said = describe_regression("IMP-000007", 60, "share", SIGNED, assessed(after=fell), effect())
        assert "10.00 percentage points worse than the original level" in said

    def test_where_lower_is_better(self) -> None:
        hours = {"signed": 4.0, "lost": 7.0, "original": 9.0}
        signed, lost, original = (
            sample.model_copy(update={"value": value})
            for sample, value in zip((SIGNED, LOST, ORIGINAL), hours.values(), strict=True)
        )
        told = effect(original, "lower_is_better")
        said = describe_regression("IMP-000007", 30, "hours", signed, assessed(after=lost), told)
        assert "a loss of 3 hours" in said
        assert "2 hours better than the original level" in said

    def test_without_an_original_level(self) -> None:
        said = describe_regression("IMP-000007", 30, "share", SIGNED, assessed(after=LOST), effect(None))
        assert "original" not in said

    def test_the_title_is_one_line(self) -> None:
        assert len(title_regression("IMP-000007", "x" * 300)) == 200
