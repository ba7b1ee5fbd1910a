import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.improvement.improvements.rules import (
    ACTIONS,
    ApproverIsRequester,
    Readiness,
    hash_plan,
    list_allowed,
    list_missing,
    next_state,
    require_other_approver,
    require_ready,
)
from shared.events.improvement import VerificationPlan
from shared.problems import IllegalTransition, Missing
from tests.improvement.builders import PLAN

STATES = (
    "draft",
    "submitted",
    "approved",
    "implementing",
    "monitoring",
    "verified",
    "closed",
    "rejected",
    "on_hold",
    "withdrawn",
)
LEADS_TO = {
    ("draft", "edit"): "draft",
    ("submitted", "edit"): "submitted",
    ("approved", "edit"): "approved",
    ("implementing", "edit"): "implementing",
    ("draft", "submit"): "submitted",
    ("draft", "hold"): "on_hold",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("submitted", "revise"): "draft",
    ("submitted", "hold"): "on_hold",
    ("submitted", "withdraw"): "withdrawn",
    ("approved", "revise"): "draft",
    ("approved", "hold"): "on_hold",
    ("approved", "withdraw"): "withdrawn",
    ("implementing", "revise"): "draft",
    ("implementing", "hold"): "on_hold",
    ("implementing", "withdraw"): "withdrawn",
    ("monitoring", "assess"): "monitoring",
    ("monitoring", "verify"): "verified",
    ("monitoring", "hold"): "on_hold",
    ("monitoring", "withdraw"): "withdrawn",
    ("verified", "close"): "closed",
    ("verified", "revise"): "draft",
    ("rejected", "revise"): "draft",
    ("on_hold", "resume"): "implementing",
    ("on_hold", "withdraw"): "withdrawn",
}
READY = Readiness("sla_attainment", "all", "plan", "olga", "two people", PLAN)
plans = st.builds(
    VerificationPlan,
    measure_key=st.text(min_size=1, max_size=20),
    direction=st.sampled_from(["higher_is_better", "lower_is_better"]),
    baseline_from=st.dates(),
    baseline_to=st.dates(),
    minimum_effect=st.floats(0, 1e12),
    alpha=st.floats(0.001, 0.2),
    guard_measures=st.lists(st.text(max_size=10), max_size=3).map(tuple),
)


class TestNextState:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize("action", ACTIONS)
    def test_every_pair_of_state_and_action(self, state: str, action: str) -> None:
        if (state, action) in LEADS_TO:
            assert next_state(action, state, held_from="implementing") == LEADS_TO[state, action]
        else:
            with pytest.raises(IllegalTransition) as refused:
                next_state(action, state, held_from="implementing")
            assert refused.value.extra == {"state": state, "allowed": list_allowed(state)}

    @pytest.mark.parametrize("verdict", ["ineffective", "regressed"])
    def test_what_did_not_work_is_revised_or_closed(self, verdict: str) -> None:
        assert list_allowed("verified", verdict) == ["revise", "close"]

    def test_what_was_signed_inconclusive_may_be_assessed_again(self) -> None:
        assert list_allowed("verified", "inconclusive") == ["revise", "assess", "close"]
        assert next_state("assess", "verified", signed="inconclusive") == "monitoring"

    def test_what_worked_is_final(self) -> None:
        with pytest.raises(IllegalTransition):
            next_state("revise", "verified", signed="effective")

    def test_nothing_leaves_an_end(self) -> None:
        assert list_allowed("closed") == list_allowed("withdrawn") == []


class Course(RuleBasedStateMachine):
    """Any course of actions, taken as people take them."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.held_from, self.approved = "draft", None, False

    @rule(action=st.sampled_from(ACTIONS))
    def act(self, action: str) -> None:
        before = self.state
        try:
            self.state = next_state(action, before, self.held_from)
        except IllegalTransition:
            return
        self.held_from = before if action == "hold" else None
        self.approved = action == "approve" or (self.approved and action != "revise")

    @rule()
    def change_is_raised(self) -> None:
        if self.state == "approved":
            self.state = "implementing"

    @rule()
    def change_is_implemented(self) -> None:
        if self.state == "implementing":
            self.state = "monitoring"

    @invariant()
    def nothing_is_implemented_without_approval(self) -> None:
        if (self.held_from or self.state) in ("approved", "implementing", "monitoring", "verified", "closed"):
            assert self.approved

    @invariant()
    def only_what_is_on_hold_knows_where_to_go_back_to(self) -> None:
        assert (self.held_from is not None) == (self.state == "on_hold")


TestCourse = Course.TestCase


class TestRequireReady:
    def test_a_whole_record_is_ready(self) -> None:
        assert list_missing(READY) == []

    @given(st.sets(st.sampled_from(["measure_key", "plan", "owner", "resources", "verification_plan"]), min_size=1))
    def test_names_each_missing_thing(self, absent: set[str]) -> None:
        record = Readiness(
            **{
                name: None if name in absent else getattr(READY, name)
                for name in ("measure_key", "scope", "plan", "owner", "resources", "verification_plan")
            }
        )
        with pytest.raises(Missing) as refused:
            require_ready("approve", record)
        assert {missing.split(" ")[0] for missing in refused.value.extra["missing"]} == absent

    def test_the_plan_judges_the_same_scope(self) -> None:
        other = READY.verification_plan.model_copy(update={"scope": "group=7"})
        assert "group=7" in list_missing(Readiness("sla_attainment", "all", "p", "o", "r", other))[0]


class TestHashPlan:
    @given(plans)
    def test_survives_being_stored_as_json(self, plan: VerificationPlan) -> None:
        assert hash_plan(VerificationPlan.model_validate(plan.model_dump(mode="json"))) == hash_plan(plan)

    @given(plans, plans)
    def test_is_another_for_another_plan(self, one: VerificationPlan, other: VerificationPlan) -> None:
        assert (hash_plan(one) == hash_plan(other)) == (one == other)


class TestRequireOtherApprover:
    @pytest.mark.parametrize("approver", ["petra", "otto"])
    def test_refuses_requester_and_submitter(self, approver: str) -> None:
        with pytest.raises(ApproverIsRequester):
            require_other_approver(approver, "petra", "otto")

    def test_lets_anybody_else(self) -> None:
        require_other_approver("sven", "petra", "otto")
