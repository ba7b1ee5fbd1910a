from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.effects.rules import (
    Course,
    ReasonNeeded,
    VerifierIsImplementer,
    after_change_implemented,
    after_change_raised,
    is_newer_evidence,
    judge_signature,
    require_other_verifier,
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
