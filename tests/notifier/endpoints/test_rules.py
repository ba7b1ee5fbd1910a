from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.endpoints.rules import (
    Change,
    Health,
    find_unheard,
    is_about,
    judge_attempt,
    matches_filter,
    matches_type,
)
from shared.events.registry import CONTRACTS

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = timedelta(hours=120)
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab", max_size=2)
keys = st.text("abc", min_size=1, max_size=2)
documents = st.dictionaries(keys, st.recursive(scalars, lambda inner: st.dictionaries(keys, inner, max_size=3)))


class TestMatchesType:
    @pytest.mark.parametrize(
        ("patterns", "type_"),
        [
            (["*"], "ratchet.gap.detected.v1"),
            (["ratchet.gap.detected.v1"], "ratchet.gap.detected.v1"),
            (["ratchet.gap.*"], "ratchet.gap.detected.v1"),
            (["ratchet.gap.detected.*"], "ratchet.gap.detected.v2"),
            (["ratchet.change.*", "ratchet.*"], "ratchet.gap.detected.v1"),
        ],
    )
    def test_hears(self, patterns: list[str], type_: str) -> None:
        assert matches_type(patterns, type_)

    @pytest.mark.parametrize(
        ("patterns", "type_"),
        [
            ([], "ratchet.gap.detected.v1"),
            (["ratchet.gap.*"], "ratchet.gap"),
            (["ratchet.gap.*"], "ratchet.gaps.detected.v1"),
            (["ratchet.gap.detected.v1"], "ratchet.gap.detected.v10"),
            (["ratchet.baseline.*"], "ratchet.baseline_reset.requested.v1"),
        ],
    )
    def test_does_not_hear(self, patterns: list[str], type_: str) -> None:
        assert not matches_type(patterns, type_)


class TestFindUnheard:
    def test_names_near_types(self) -> None:
        assert find_unheard(["ratchet.gap.detected"], CONTRACTS)["ratchet.gap.detected"][0] == "ratchet.gap.detected.v1"

    def test_a_pattern_without_any_event_is_unheard(self) -> None:
        assert find_unheard(["ratchet.nothing.*", "*", "ratchet.*"], CONTRACTS).keys() == {"ratchet.nothing.*"}


class TestMatchesFilter:
    def test_no_filter_lets_everything_pass(self) -> None:
        assert matches_filter(None, {})

    def test_every_path_must_match(self) -> None:
        data = {"measure_key": "mttr", "impact": {"tickets": 4}}
        assert matches_filter({"measure_key": "mttr", "impact.tickets": [3, 4]}, data)
        assert not matches_filter({"measure_key": "mttr", "impact.tickets": 3}, data)

    def test_what_is_not_there_is_not_null(self) -> None:
        assert matches_filter({"owner": None}, {"owner": None})
        assert not matches_filter({"owner": None}, {})
        assert not matches_filter({"owner.name": None}, {"owner": "anna"})

    def test_true_is_not_one(self) -> None:
        assert not matches_filter({"n": 1}, {"n": True})
        assert not matches_filter({"n": True}, {"n": 1})
        assert matches_filter({"n": 1}, {"n": 1.0})

    @given(documents, st.dictionaries(keys, scalars, min_size=1), scalars)
    def test_allowing_more_values_never_hears_less(self, data: dict, wanted: dict, other: object) -> None:
        wider = {path: [value, other] for path, value in wanted.items()}
        assert matches_filter(wider, data) or not matches_filter(wanted, data)

    @given(documents)
    def test_a_document_passes_the_filter_made_of_its_own_values(self, data: dict) -> None:
        def paths(part: dict, before: str = "") -> dict:
            found = {}
            for key, value in part.items():
                found |= paths(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": value}
            return found

        own = paths(data)
        assert matches_filter(own, orjson.loads(orjson.dumps(data)))
        for path in own:
            assert not matches_filter({path: "something else"}, data)


class TestIsAbout:
    def test_only_news_of_this_very_endpoint(self) -> None:
        assert is_about("ratchet.endpoint.failing.v1", {"endpoint_id": "1"}, 1)
        assert is_about("ratchet.delivery.exhausted.v1", {"endpoint_id": "1"}, 1)
        assert not is_about("ratchet.endpoint.failing.v1", {"endpoint_id": "2"}, 1)
        assert not is_about("ratchet.gap.closed.v1", {"endpoint_id": "1"}, 1)


def judge(health: Health, at: datetime = NOW, **answer: bool) -> tuple[Health, list[Change]]:
    given_ = {"succeeded": False, "gone": False} | answer
    return judge_attempt(health, at=at, disable_after=LIMIT, **given_)


class TestJudgeAttempt:
    def test_the_first_failure_is_told(self) -> None:
        assert judge(Health(True, None)) == (Health(True, NOW), ["failing"])

    def test_the_next_failures_are_not(self) -> None:
        since = NOW - timedelta(hours=119)
        assert judge(Health(True, since)) == (Health(True, since), [])

    def test_the_first_success_after_it_is_told(self) -> None:
        assert judge(Health(True, NOW), succeeded=True) == (Health(True, None), ["recovered"])
        assert judge(Health(True, None), succeeded=True) == (Health(True, None), [])

    def test_failing_for_the_whole_time_disables(self) -> None:
        since = NOW - LIMIT
        assert judge(Health(True, since)) == (Health(False, since), ["disabled"])

    def test_gone_disables_at_once(self) -> None:
        assert judge(Health(True, None), gone=True) == (Health(False, NOW), ["failing", "disabled"])

    def test_a_disabled_one_is_not_disabled_again(self) -> None:
        assert judge(Health(False, NOW), gone=True) == (Health(False, NOW), [])

    @given(st.lists(st.booleans()))
    def test_failing_and_recovered_take_turns(self, answers: list[bool]) -> None:
        health, told = Health(True, None), []
        for number, succeeded in enumerate(answers):
            health, changes = judge(health, NOW + timedelta(minutes=number), succeeded=succeeded)
            told += changes
        assert told == ["failing", "recovered"] * (len(told) // 2) + ["failing"] * (len(told) % 2)
        assert (health.failing_since is not None) == bool(answers and not answers[-1])
