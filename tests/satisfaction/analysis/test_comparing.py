"""Campaigns against each other: intervals of differences, and what is compared at all."""

from datetime import UTC, datetime
from typing import Any

import pytest
from scipy import stats

from services.satisfaction.analysis.comparing import compare_campaigns
from services.satisfaction.analysis.proportions import share_of
from services.satisfaction.analysis.schemas import Basis, Compared, Comparison, Figure, Previous
from shared.ids import new_id

BASIS = (Basis(item="overall", low=1, high=5, satisfied_from=4),)
ENDLESS = 10**12


def share(said_so: int, n: int, population: int = ENDLESS, **changed: Any) -> Figure:
    told = share_of(said_so, n, population)
    p = said_so / n
    error = (p * (1 - p) / (n - 1) * (population - n) / (population - 1)) ** 0.5
    values = {
        "key": "csat", "name": {"en": "Csat"}, "kind": "csat", "unit": "share", "least": 0, "most": 1,
        "value": told.value, "low": told.low, "high": told.high, "error": error, "freedom": n - 1, "n": n,
        "said_so": said_so, "mean": None, "deviation": None, "answers": {}, "parts": {}, "basis": BASIS, **changed,
    }  # fmt: skip
    return Figure.model_validate(values)


def compare(now: Figure, before: Figure, *, stratified: bool = False, confidence: float = 0.95) -> Comparison:
    previous = Previous(
        id=new_id(), number="SV-1", title="Before", closed_at=datetime(2025, 6, 1, tzinfo=UTC), confidence=0.95,
        stratified=stratified, figures=(before,), groups=(), digest="same",
    )  # fmt: skip
    told = compare_campaigns([now], [], "same", stratified, confidence, previous)
    assert told is not None
    return told


def only(told: Comparison) -> Compared:
    (one,) = told.compared
    return one


class TestShares:
    def test_newcombes_own_example(self) -> None:
        """56 of 70 against 48 of 80: 0.0524 to 0.3339."""
        told = only(compare(share(56, 70), share(48, 80)))
        assert (told.low, told.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
        assert told.test == "fisher"
        assert told.p_value == pytest.approx(float(stats.fisher_exact([[56, 14], [48, 32]]).pvalue))

    def test_all_against_none_may_err(self) -> None:
        told = only(compare(share(10, 10), share(0, 10)))
        assert told.difference == 1
        assert told.low is not None
        assert 0.5 < told.low < 1
        assert told.p_value == pytest.approx(2 / 184_756)

    def test_strata_are_compared_by_welchs_test(self) -> None:
        told = only(compare(share(56, 70), share(48, 80), stratified=True))
        expected = stats.ttest_ind([1] * 56 + [0] * 14, [1] * 48 + [0] * 32, equal_var=False)
        assert (told.test, told.p_value) == ("welch", pytest.approx(expected.pvalue))

    def test_two_censuses_cannot_err(self) -> None:
        told = only(compare(share(8, 10, 10), share(2, 10, 10)))
        assert (told.low, told.high, told.p_value) == (told.difference, told.difference, None)
        assert not told.significant

    def test_another_confidence_has_an_interval_of_its_own(self) -> None:
        """Welch's, since the campaign before was frozen with intervals at 95 %."""
        told = only(compare(share(56, 70), share(48, 80), confidence=0.9))
        assert told.low is not None
        assert 0.0524 < told.low < 0.2


class TestWhatIsCompared:
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"basis": (Basis(item="other", low=1, high=5, satisfied_from=4),)}, "other_items"),
            ({"basis": (Basis(item="overall", low=1, high=7, satisfied_from=6),)}, "other_scale"),
            ({"basis": (Basis(item="overall", low=1, high=5, satisfied_from=5),)}, "other_scale"),
            ({"unit": "scale", "most": 5}, "other_scale"),
            ({"error": None, "freedom": None}, "too_few_answers"),
            ({"key": "nps"}, "only_before"),
        ],
    )
    def test_only_what_is_alike(self, changed: dict[str, Any], reason: str) -> None:
        told = compare(share(5, 10), share(5, 10, **changed))
        assert told.compared == ()
        assert reason in {one.reason for one in told.not_compared}

    def test_what_was_frozen_without_a_basis_is_taken_to_be_alike(self) -> None:
        assert only(compare(share(5, 10), share(5, 10, basis=()))).p_value == pytest.approx(1)
