from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.approvals.rules import (
    DEFAULT,
    DecidedBefore,
    Matter,
    NotTheApprover,
    Rule,
    Step,
    StepDecided,
    UnfitDelegate,
    Weight,
    compute_chain,
    expiry_of,
    require_business,
    require_decider,
    require_fit_delegate,
    shift_expiry,
)
from services.improvement.improvements.rules import ApproverIsRequester
from shared.auth import Principal, Role
from shared.working_days import working_days

S, D, T = "improvement_supervisor", "department_head", "top_management"


def principal(subject: str, *roles: Role, departments: tuple[str, ...] = ()) -> Principal:
    return Principal(subject, subject, frozenset(roles), departments)


def matter(*steps: Step, department: str | None = None) -> Matter:
    return Matter("petra", "otto", department, steps)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TestComputeChain:
    """R5, R18, R34, R43: the improvement supervisor owns the process; who else must approve is configured by impact and
    cost."""

    @pytest.mark.parametrize(
        ("budget", "impact", "chain"),
        [
            (None, None, [S]),
            ("49999.99", "medium", [S]),
            ("50000", None, [S, D]),
            (None, "high", [S, D]),
            ("499999.99", "low", [S, D]),
            ("500000", "low", [S, D, T]),
            (None, "very_high", [S, D, T]),
            ("0", "very_high", [S, D, T]),
        ],
    )
    def test_the_built_in_policy(self, budget: str | None, impact: str | None, chain: list[str]) -> None:
        assert compute_chain(DEFAULT, Weight(None if budget is None else Decimal(budget), impact, None)) == chain

    def test_severity_may_ask_too(self) -> None:
        rules = [Rule(T, severity_at_least="critical"), Rule(S)]
        assert compute_chain(rules, Weight(None, None, "critical")) == [T, S]
        assert compute_chain(rules, Weight(None, None, "high")) == [S]

    def test_each_role_is_asked_once(self) -> None:
        rules = [Rule(S), Rule(D, budget_at_least=Decimal(1)), Rule(S, impact_at_least="low"), Rule(D)]
        assert compute_chain(rules, Weight(Decimal(5), "high", None)) == [S, D]

    @given(
        st.none() | st.decimals(0, 10**9, places=2),
        st.none() | st.sampled_from(["low", "medium", "high", "very_high"]),
    )
    def test_what_weighs_more_needs_no_fewer(self, budget: Decimal | None, impact: str | None) -> None:
        chain = compute_chain(DEFAULT, Weight(budget, impact, None))
        assert chain[0] == S
        assert set(chain) <= set(compute_chain(DEFAULT, Weight(Decimal(10**10), impact, None)))
        assert set(chain) <= set(compute_chain(DEFAULT, Weight(budget, "very_high", None)))


class TestRequireDecider:
    """R18: whoever holds the step's role or one above it, but not who asked, and nobody twice."""

    @pytest.mark.parametrize(
        ("role", "step", "may"),
        [
            (Role.IMPROVEMENT_SUPERVISOR, S, True),
            (Role.DEPARTMENT_HEAD, S, True),
            (Role.TOP_MANAGEMENT, S, True),
            (Role.IMPROVEMENT_SUPERVISOR, D, False),
            (Role.DEPARTMENT_HEAD, D, True),
            (Role.TOP_MANAGEMENT, D, True),
            (Role.DEPARTMENT_HEAD, T, False),
            (Role.TOP_MANAGEMENT, T, True),
            (Role.OPERATIONS_MANAGER, S, False),
        ],
    )
    def test_the_role_or_one_above(self, role: Role, step: str, may: bool) -> None:
        open_step = Step(1, step, "open")
        if may:
            assert require_decider(principal("x", role), matter(open_step)) == (open_step, role.value)
        else:
            with pytest.raises(NotTheApprover):
                require_decider(principal("x", role), matter(open_step))

    def test_the_humblest_role_that_does_is_noted(self) -> None:
        caller = principal("x", Role.TOP_MANAGEMENT, Role.IMPROVEMENT_SUPERVISOR)
        assert require_decider(caller, matter(Step(1, S, "open")))[1] == S

    @pytest.mark.parametrize("subject", ["petra", "otto"])
    def test_not_who_asked(self, subject: str) -> None:
        with pytest.raises(ApproverIsRequester):
            require_decider(principal(subject, Role.TOP_MANAGEMENT), matter(Step(1, S, "open")))

    def test_nobody_decides_two_steps(self) -> None:
        chain = (Step(1, S, "approved", "tom"), Step(2, D, "open", delegate="tom"))
        with pytest.raises(DecidedBefore):
            require_decider(principal("tom", Role.TOP_MANAGEMENT), matter(*chain))

    def test_whose_step_is_decided_comes_too_late(self) -> None:
        chain = (Step(1, S, "approved", "sven"), Step(2, D, "open"))
        with pytest.raises(StepDecided, match="sven"):
            require_decider(principal("sara", Role.IMPROVEMENT_SUPERVISOR), matter(*chain))

    @pytest.mark.parametrize(
        ("departments", "record", "may"),
        [
            (("desk",), "desk", True),
            (("net", "desk"), "desk", True),
            (("net",), "desk", False),
            ((), "desk", True),
            (("net",), None, True),
        ],
    )
    def test_a_head_decides_for_the_own_department(
        self, departments: tuple[str, ...], record: str | None, may: bool
    ) -> None:
        """R34: the responsible department head."""
        head = principal("hanna", Role.DEPARTMENT_HEAD, departments=departments)
        for step in (Step(1, D, "open"), Step(1, S, "open")):
            if may:
                assert require_decider(head, matter(step, department=record))[1] == D
            else:
                with pytest.raises(NotTheApprover, match="desk"):
                    require_decider(head, matter(step, department=record))

    def test_top_management_is_of_every_department(self) -> None:
        boss = principal("tina", Role.DEPARTMENT_HEAD, Role.TOP_MANAGEMENT, departments=("net",))
        assert require_decider(boss, matter(Step(1, D, "open"), department="desk"))[1] == T

    def test_the_delegate_decides_in_the_step_s_role(self) -> None:
        step = Step(1, D, "open", delegate="dora")
        assert require_decider(principal("dora", Role.ENGINEER), matter(step)) == (step, D)
        with pytest.raises(NotTheApprover, match="dora"):
            require_decider(principal("emil", Role.ENGINEER), matter(step))


class TestRequireBusiness:
    def test_who_neither_approves_nor_was_asked_has_none(self) -> None:
        with pytest.raises(NotTheApprover):
            require_business(principal("emil", Role.ENGINEER), [Step(1, S, "open", delegate="dora")])
        require_business(principal("dora", Role.ENGINEER), [Step(1, S, "open", delegate="dora")])
        require_business(principal("sven", Role.IMPROVEMENT_SUPERVISOR), [])


class TestRequireFitDelegate:
    @pytest.mark.parametrize("to", ["petra", "otto", "sven", "hanna"])
    def test_not_who_asked_decided_or_hands_over(self, to: str) -> None:
        chain = (Step(1, S, "approved", "sven"), Step(2, D, "open"))
        with pytest.raises(UnfitDelegate):
            require_fit_delegate(to, principal("hanna", Role.DEPARTMENT_HEAD), matter(*chain))

    def test_anybody_else(self) -> None:
        require_fit_delegate("dora", principal("hanna", Role.DEPARTMENT_HEAD), matter(Step(1, D, "open")))


class TestExpiryOf:
    """Seven working days by the wall calendar, counted by hand."""

    @pytest.mark.parametrize(
        ("given", "expires"),
        [
            ("2026-03-02T10:00", "2026-03-11T10:00"),  # a Monday: 2-6 and 9-10 March, then the 11th
            ("2026-03-06T10:00", "2026-03-17T10:00"),  # a Friday: two weekends in between
            ("2026-03-07T10:00", "2026-03-18T00:00"),  # a Saturday counts from Monday's midnight
        ],
    )
    def test_weekends_do_not_count(self, given: str, expires: str) -> None:
        assert expiry_of(working_days("UTC", None, at(given)), at(given), 7) == at(expires)

    def test_public_holidays_do_not_count_and_make_up_workdays_do(self) -> None:
        """In China 1 to 7 October 2025 were days off with the 8th, and Saturday the 11th was worked for it."""
        given = at("2025-09-29T02:00")  # Monday, 10:00 in Shanghai: 29, 30 September, 9, 10, 11, 13, 14 October
        calendar = working_days("Asia/Shanghai", "CN", given)
        assert expiry_of(calendar, given, 7) == at("2025-10-15T02:00")

    def test_the_zone_says_when_a_day_begins(self) -> None:
        given = at("2026-03-06T17:00")  # Saturday 01:00 in Shanghai, Friday in UTC
        assert expiry_of(working_days("Asia/Shanghai", None, given), given, 1) == at("2026-03-09T16:00")
        assert expiry_of(working_days("UTC", None, given), given, 1) == at("2026-03-09T17:00")


class TestShiftExpiry:
    def test_what_was_left_is_left(self) -> None:
        """Held on Tuesday with four working days and a bit to go, resumed on a Friday four weeks later."""
        calendar = working_days("UTC", None, at("2026-03-02T10:00"))
        shifted = shift_expiry(calendar, at("2026-03-09T10:00"), at("2026-03-03T10:00"), at("2026-03-27T10:00"))
        assert shifted == at("2026-04-02T10:00")

    def test_what_had_run_out_is_out(self) -> None:
        calendar = working_days("UTC", None, at("2026-03-02T10:00"))
        resumed = at("2026-03-27T10:00")
        assert shift_expiry(calendar, at("2026-03-02T10:00"), at("2026-03-03T10:00"), resumed) == resumed
