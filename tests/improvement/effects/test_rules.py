from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.effects.rules import (
    Course,
    Cycle,
    InspectorIsInvolved,
    ReasonNeeded,
    VerifierIsImplementer,
    after_change_implemented,
    after_change_raised,
    is_evidence,
    is_newer_evidence,
    judge_signature,
    require_independent,
    require_other_verifier,
    tell_effect,
)
from shared.events.metrics import Sample
from shared.ids import new_id
from shared.problems import Missing
from tests.improvement.builders import make_assessment

REQUEST = UUID(int=7)
VERDICTS = ["effective", "ineffective", "inconclusive", "regressed"]


class TestAfterChange:
    @pytest.mark.parametrize(
        ("course", "raised", "implemented"),
        [
            (Course("approved"), Course("implementing"), Course("monitoring")),
            (Course("implementing"), None, Course("monitoring")),
            (Course("monitoring"), None, None),
            (Course("on_hold", "approved"), Course("on_hold", "implementing"), Course("on_hold", "monitoring")),
            (Course("on_hold", "draft"), None, None),
            (Course("draft"), None, None),
            (Course("withdrawn"), None, None),
            (Course("closed"), None, None),
        ],
    )
    def test_moves_what_waits_for_it_and_holds_what_is_held(
        self, course: Course, raised: Course | None, implemented: Course | None
    ) -> None:
        assert after_change_raised(course) == raised
        assert after_change_implemented(course) == implemented


class TestIsNewerEvidence:
    @given(st.permutations(range(5)))
    def test_any_order_of_arrival_keeps_the_newest(self, order: list[int]) -> None:
        start = datetime(2016, 6, 1, tzinfo=UTC)
        kept = None
        for hours in order:
            told = make_assessment(new_id(), REQUEST, "h", assessed_at=start + timedelta(hours=hours))
            if is_newer_evidence(told, kept):
                kept = told
        assert kept.assessed_at == start + timedelta(hours=4)

    def test_another_request_s_evidence_takes_the_place_of_the_old(self) -> None:
        start = datetime(2016, 6, 1, tzinfo=UTC)
        old = make_assessment(new_id(), REQUEST, "h", assessed_at=start + timedelta(days=1))
        assert is_newer_evidence(make_assessment(new_id(), new_id(), "h", assessed_at=start), old)


class TestRequireOtherVerifier:
    @pytest.mark.parametrize("implementer", ["mona", "Mona Meyer", " MONA "])
    def test_refuses_owner_and_those_who_did_the_tasks(self, implementer: str) -> None:
        with pytest.raises(VerifierIsImplementer):
            require_other_verifier(("mona", "Mona Meyer"), [None, "olga", implementer])

    def test_lets_anybody_else(self) -> None:
        require_other_verifier(("mona", "Mona Meyer"), ["olga", None])


class TestJudgeSignature:
    @pytest.mark.parametrize("computed", VERDICTS)
    @pytest.mark.parametrize("signed", VERDICTS)
    def test_overruling_needs_a_reason(self, computed: str, signed: str) -> None:
        evidence = make_assessment(new_id(), REQUEST, "h", verdict=computed)
        assert judge_signature(signed, "I was there", evidence, "h") is evidence
        if computed == signed:
            assert judge_signature(signed, None, evidence, "h") is evidence
        else:
            with pytest.raises(ReasonNeeded):
                judge_signature(signed, None, evidence, "h")

    def test_needs_evidence_on_the_frozen_plan(self) -> None:
        for evidence in (None, make_assessment(new_id(), REQUEST, "another plan")):
            with pytest.raises(Missing):
                judge_signature("effective", "sure", evidence, "h")

    def test_no_baseline_without_a_value(self) -> None:
        nothing = Sample(period_from="2016-04-01", period_to="2016-06-01", periods=2, n=0, value=None)
        evidence = make_assessment(new_id(), REQUEST, "h", verdict="inconclusive", after=nothing)
        with pytest.raises(Missing):
            judge_signature("effective", "sure", evidence, "h")
        assert judge_signature("inconclusive", None, evidence, "h") is evidence


class TestIsEvidence:
    def test_only_the_answer_to_the_latest_request_while_it_is_watched(self) -> None:
        told = make_assessment(new_id(), REQUEST, "0" * 64)
        assert is_evidence(told, "monitoring", REQUEST, None)
        assert not is_evidence(told, "monitoring", new_id(), None)
        assert not is_evidence(told, "monitoring", None, None)
        for phase in ("implementing", "verified", "closed"):
            assert not is_evidence(told, phase, REQUEST, None)

    def test_what_asks_whether_a_level_holds_never_is(self) -> None:
        """R127."""
        told = make_assessment(new_id(), REQUEST, "0" * 64, purpose="sustain")
        assert not is_evidence(told, "monitoring", REQUEST, None)

    def test_an_older_one_is_none(self) -> None:
        kept = make_assessment(new_id(), REQUEST, "0" * 64)
        older = kept.model_copy(update={"assessed_at": kept.assessed_at - timedelta(seconds=1)})
        assert not is_evidence(older, "monitoring", REQUEST, kept)


class TestRequireIndependent:
    """R48."""

    def test_whoever_has_no_part_may(self) -> None:
        require_independent(("anton", "Anton A."), ["petra", None, "sven"])

    @pytest.mark.parametrize("involved", ["anton", " ANTON ", "Anton A."])
    def test_whoever_has_one_may_not_however_it_is_written(self, involved: str) -> None:
        with pytest.raises(InspectorIsInvolved, match="anton"):
            require_independent(("anton", "Anton A."), ["petra", involved])


def sample(value: float | None) -> Sample:
    return Sample(period_from=date(2016, 3, 1), period_to=date(2016, 4, 1), periods=1, n=100, value=value)


def cycle(number: int, before: float | None, after: float | None) -> Cycle:
    sides = [None if value is None else sample(value) for value in (before, after)]
    return Cycle(UUID(int=number), f"IMP-{number:06d}", number, "closed", "effective", *sides)


class TestTellEffect:
    """R27, R36: 40 % at first, lifted to 80 %, lost down to 50 %, lifted to 70 %."""

    def test_the_second_cycle_is_told_against_the_first_baseline_too(self) -> None:
        effect = tell_effect([cycle(1, 0.4, 0.8), cycle(2, 0.5, 0.7)], "m", "all", "higher_is_better")
        assert effect.original == sample(0.4)
        assert effect.change == pytest.approx(0.2)
        assert effect.change_from_original == pytest.approx(0.3)
        assert effect.share_of_original == pytest.approx(0.75)
        assert effect.better is True

    def test_a_cycle_that_ends_below_the_original_is_worse_though_it_gained(self) -> None:
        effect = tell_effect([cycle(1, 0.4, 0.8), cycle(2, 0.2, 0.3)], "m", "all", "higher_is_better")
        assert effect.change == pytest.approx(0.1)
        assert (effect.change_from_original, effect.better) == (pytest.approx(-0.1), False)

    def test_fewer_is_better_where_the_measure_says_so(self) -> None:
        assert tell_effect([cycle(1, 9.0, 4.0)], "m", "all", "lower_is_better").better is True

    def test_from_nothing_there_is_no_share(self) -> None:
        effect = tell_effect([cycle(1, 0.0, 0.3)], "m", "all", "higher_is_better")
        assert (effect.change_from_original, effect.share_of_original) == (pytest.approx(0.3), None)

    def test_what_is_not_known_yet_is_null(self) -> None:
        effect = tell_effect([cycle(1, 0.4, 0.8), cycle(2, None, None)], "m", "all", None)
        assert (effect.original, effect.after, effect.change, effect.better) == (sample(0.4), None, None, None)

    def test_a_first_cycle_without_evidence_leaves_the_next_as_the_original(self) -> None:
        effect = tell_effect([cycle(1, None, None), cycle(2, 0.5, 0.7)], "m", "all", "higher_is_better")
        assert effect.original == sample(0.5)
