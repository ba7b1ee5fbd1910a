from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.agreements.rules import (
    Signatory,
    check_allowed,
    cost_of,
    digest_of,
    find_missing_to_end,
    find_missing_to_sign,
    find_other_side,
    find_unsound_clause,
    find_unsound_penalty,
    is_expiring,
    list_allowed,
    slug_of,
)
from services.metrics.clauses.terms import (
    CountTerms,
    FrequencyTerms,
    FulfilmentTerms,
    Penalty,
    Promise,
    TimeTerms,
)
from services.metrics.settlements.rules import find_tier
from shared.problems import IllegalTransition

FEE = Decimal("10000.00")
SHARE = Promise(unit="ratio", data_kind="proportion", direction="higher_is_better", target=0.95)
MINUTES = Promise(unit="minutes", data_kind="value", direction="lower_is_better", target=240.0)
ALL_SIGNED = {
    ("provider", "content"),
    ("customer", "content"),
    ("provider", "glossary"),
    ("customer", "glossary"),
}


def penalty(*tiers: dict[str, Any]) -> Penalty:
    return Penalty.model_validate({"tiers": tiers})


def unsound(promise: Promise, *tiers: dict[str, Any], fee: Decimal = FEE) -> str:
    found = find_unsound_penalty(promise, penalty(*tiers), fee)
    assert found is not None
    return found


class TestLifeCycle:
    """R157: design, negotiation, use, review, end; R158: back from use to negotiation."""

    @pytest.mark.parametrize(
        ("state", "allowed"),
        [
            ("design", ["edit", "negotiate", "terminate"]),
            ("negotiating", ["edit", "confirm", "sign", "terminate"]),
            ("signed", ["confirm", "request_renegotiation", "renew", "terminate"]),
            ("in_force", ["confirm", "start_review", "request_renegotiation", "renew", "terminate"]),
            ("under_review", ["confirm", "conclude_review", "request_renegotiation", "renew", "terminate"]),
            ("expired", ["confirm", "renew"]),
            ("renewed", []),
            ("terminated", []),
        ],
    )
    def test_each_state_allows(self, state: str, allowed: list[str]) -> None:
        assert list_allowed(state) == allowed

    def test_a_refusal_names_what_is_allowed(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            check_allowed("start_review", "design")
        assert refused.value.detail == (
            "cannot start review from state 'design'; allowed now: edit, negotiate, terminate"
        )


class TestFindMissingToSign:
    def test_both_parties_confirm_content_and_glossary(self) -> None:
        """R111, R171: in writing, by both."""
        assert find_missing_to_sign(ALL_SIGNED, 1, has_exemptions=False) == []
        for pair in ALL_SIGNED:
            (missing,) = find_missing_to_sign(ALL_SIGNED - {pair}, 1, has_exemptions=False)
            assert missing == f"the {pair[0]}'s confirmation of the {pair[1]}"

    def test_exemptions_are_pointed_out_to_the_customer(self) -> None:
        """R192: the provider's word for it does not count."""
        wanted = ["the customer's acknowledgement of the exemptions"]
        assert find_missing_to_sign(ALL_SIGNED, 1, has_exemptions=True) == wanted
        assert find_missing_to_sign({*ALL_SIGNED, ("provider", "exemptions")}, 1, has_exemptions=True) == wanted
        assert find_missing_to_sign({*ALL_SIGNED, ("customer", "exemptions")}, 1, has_exemptions=True) == []

    def test_an_agreement_promises_something(self) -> None:
        """R110."""
        assert find_missing_to_sign(ALL_SIGNED, 0, has_exemptions=False) == [
            "a clause: an agreement promises something"
        ]


class TestFindMissingToEnd:
    def test_both_confirm_the_execution_and_fees_are_settled(self) -> None:
        """R159, R160."""
        both = {("provider", "execution"), ("customer", "execution")}
        assert find_missing_to_end(both, has_open_settlements=False) == []
        assert find_missing_to_end(both, has_open_settlements=True) == [
            "the settlement of every period: one is still open"
        ]
        assert find_missing_to_end(set(), has_open_settlements=False) == [
            "the provider's confirmation of the execution",
            "the customer's confirmation of the execution",
        ]


class TestFindOtherSide:
    """Nobody confirms for both parties."""

    EARLIER = (("provider", Signatory("li.na", "Li Na")),)

    @pytest.mark.parametrize(
        ("party", "person", "found"),
        [
            ("customer", Signatory("li.na", "Somebody else"), True),
            ("customer", Signatory("other", "LI NA"), True),
            ("customer", Signatory("other", "Somebody else"), False),
            ("provider", Signatory("li.na", "Li Na"), False),
        ],
    )
    def test_by_token_or_by_name(self, party: str, person: Signatory, found: bool) -> None:
        assert (find_other_side(party, person, self.EARLIER) is not None) == found


class TestIsExpiring:
    """R114: announced ahead by the notice."""

    @pytest.mark.parametrize(
        ("today", "expiring"),
        [
            (date(2026, 10, 31), False),
            (date(2026, 11, 1), True),
            (date(2026, 12, 31), True),
            (date(2027, 1, 1), False),
        ],
    )
    def test_from_sixty_days_before_to_the_last_day(self, today: date, expiring: bool) -> None:
        assert is_expiring(date(2026, 12, 31), 60, today) == expiring


class TestDigestOf:
    def test_the_order_of_keys_says_nothing_and_every_value_something(self) -> None:
        digest = digest_of({"fee": "1.00", "clauses": [{"a": 1, "b": 2}]})
        assert digest == digest_of({"clauses": [{"b": 2, "a": 1}], "fee": "1.00"})
        assert digest != digest_of({"fee": "1.01", "clauses": [{"a": 1, "b": 2}]})

    def test_is_the_sha256_of_compact_json_with_sorted_keys(self) -> None:
        """Told by `printf '{"a":1,"b":"c"}' | sha256sum`."""
        assert digest_of({"b": "c", "a": 1}) == "1aac99d7067b5cda38322c82194676b29b993fdd2f1e93f4af3f2b2ec43212bb"


class TestFindUnsoundClause:
    """Promises against which nothing can be held."""

    @staticmethod
    def find(terms: Any) -> str | None:
        return find_unsound_clause(terms, ["mail"], date(2026, 1, 1), date(2026, 12, 31))

    def test_sound_ones(self) -> None:
        for terms in (
            TimeTerms(kind="time", what="response", within_minutes=30, attainment=0.95, services=("mail",)),
            TimeTerms(kind="time", what="downtime", within_minutes=60, longest_minutes=60),
            CountTerms(kind="count", counts="incidents", at_most=0),
            FrequencyTerms(kind="frequency", every_minutes=2880, tolerance_minutes=60),
            FulfilmentTerms(kind="clause", statement="A manual", due_on=date(2026, 12, 31)),
        ):
            assert self.find(terms) is None

    @pytest.mark.parametrize(
        ("terms", "says"),
        [
            (
                TimeTerms(kind="time", what="response", within_minutes=30, attainment=0.95, services=("erp",)),
                "'erp' is none of the agreement's (mail)",
            ),
            (TimeTerms(kind="time", what="response", within_minutes=30, attainment=0), "write 95 % as 0.95"),
            (
                TimeTerms(kind="time", what="downtime", within_minutes=60, longest_minutes=61),
                "longest_minutes (61) is more than within_minutes (60)",
            ),
            (CountTerms(kind="count", counts="reported", at_least=0), "at_least: 0 promises nothing"),
            (
                FrequencyTerms(kind="frequency", every_minutes=60, tolerance_minutes=60),
                "must be less than every_minutes (60)",
            ),
            (
                FulfilmentTerms(kind="clause", statement="A manual", due_on=date(2027, 1, 1)),
                "does not lie between 2026-01-01 and 2026-12-31",
            ),
        ],
    )
    def test_says_what_would_be_right(self, terms: Any, says: str) -> None:
        assert says in (self.find(terms) or "")


class TestFindUnsoundPenalty:
    """R169: tiers follow each other from the promise to the worst value."""

    def test_sound_tiers_of_a_share(self) -> None:
        tiers = penalty({"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "amount": 600})
        assert find_unsound_penalty(SHARE, tiers, FEE) is None

    def test_sound_tiers_of_minutes(self) -> None:
        tiers = penalty({"low": 241, "high": 480, "percent_of_fee": 5}, {"low": 480, "percent_of_fee": 10})
        assert find_unsound_penalty(MINUTES, tiers, FEE) is None

    def test_the_lowest_tier_may_begin_at_zero(self) -> None:
        assert find_unsound_penalty(SHARE, penalty({"low": 0, "high": 0.95, "percent_of_fee": 5}), FEE) is None

    def test_an_overlap(self) -> None:
        assert "overlap" in unsound(
            SHARE, {"low": 0.85, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "percent_of_fee": 10}
        )

    def test_a_hole(self) -> None:
        assert "hole: what does 0.85 cost" in unsound(
            SHARE, {"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.85, "percent_of_fee": 10}
        )

    @pytest.mark.parametrize(
        ("promise", "tier"),
        [
            (SHARE, {"high": 0.96, "percent_of_fee": 5}),
            (SHARE, {"low": 0.9, "percent_of_fee": 5}),
            (MINUTES, {"low": 240, "percent_of_fee": 5}),
            (MINUTES, {"high": 480, "percent_of_fee": 5}),
        ],
    )
    def test_a_kept_promise_costs_nothing(self, promise: Promise, tier: dict[str, Any]) -> None:
        assert "keep the promise and cost nothing" in unsound(promise, tier)

    def test_percent_written_for_a_share(self) -> None:
        assert unsound(SHARE, {"low": 90, "high": 95, "percent_of_fee": 5}).endswith("write 95 % as 0.95")

    def test_worse_that_costs_less(self) -> None:
        says = unsound(SHARE, {"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "amount": 499})
        assert "costs 499.0 and the better tier 0.9 … 0.95 costs 500" in says

    def test_the_same_tiers_with_a_smaller_fee_are_sound(self) -> None:
        tiers = penalty({"low": 0.9, "high": 0.95, "percent_of_fee": 5}, {"high": 0.9, "amount": 499})
        assert find_unsound_penalty(SHARE, tiers, Decimal("9000.00")) is None

    def test_the_worst_value_must_cost_too(self) -> None:
        assert "leave its low out" in unsound(SHARE, {"low": 0.5, "high": 0.95, "percent_of_fee": 5})
        assert "leave its high out" in unsound(MINUTES, {"low": 241, "high": 480, "percent_of_fee": 5})

    def test_a_percentage_of_no_fee(self) -> None:
        assert "a percentage of no fee is nothing" in unsound(
            SHARE, {"high": 0.95, "percent_of_fee": 5}, fee=Decimal("0.00")
        )

    def test_a_bound_that_is_no_number(self) -> None:
        assert "a bound is a number" in unsound(SHARE, {"low": float("nan"), "high": 0.95, "percent_of_fee": 5})

    @given(
        st.lists(st.integers(0, 94), min_size=1, max_size=6, unique=True),
        st.lists(st.integers(1, 100), min_size=7, max_size=7),
        st.integers(0, 100),
    )
    def test_sound_tiers_give_every_missed_share_one_cost_that_never_falls_with_it(
        self, cuts: list[int], percents: list[int], probe: int
    ) -> None:
        """Held against what settles: every value under the promise falls in exactly one tier."""
        bounds = [None, *(cut / 100 for cut in sorted(cuts) if cut), 0.95]
        steps = sorted(percents[: len(bounds) - 1], reverse=True)
        tiers = penalty(
            *(
                {"low": low, "high": high, "percent_of_fee": percent}
                for (low, high), percent in zip(pairwise(bounds), steps, strict=True)
            )
        )
        assert find_unsound_penalty(SHARE, tiers, FEE) is None
        value = probe / 100
        held = [t for t in tiers.tiers if (t.low is None or t.low <= value) and (t.high is None or value < t.high)]
        assert len(held) == (value < 0.95)
        worse = find_tier(tiers, value - 0.1)
        if held:
            assert worse is not None
            assert cost_of(worse, FEE) >= cost_of(held[0], FEE)


class TestSlugOf:
    def test_leaves_what_distinguishes(self) -> None:
        assert slug_of("SLA-2026-0001") == "2026-0001"
