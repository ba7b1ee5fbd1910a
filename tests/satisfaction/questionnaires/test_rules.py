"""R84: what makes a questionnaire sound, what is asked, and what may be answered."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.satisfaction.questionnaires import rules
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.schemas import Content

_STARS: dict[str, Any] = {"kind": "rating", "key": "stars", "wording": {"en": "How was it?"}, "required": True}
_WHY: dict[str, Any] = {
    "kind": "text",
    "key": "why",
    "wording": {"en": "Why?"},
    "required": True,
    "show_if": {"item": "stars", "one_of": [1, 2]},
}
_WHO: dict[str, Any] = {
    "kind": "choice",
    "key": "who",
    "wording": {"en": "Who helped?"},
    "options": {"desk": {"en": "The desk"}, "engineer": {"en": "An engineer"}},
    "multiple": True,
}
_PAIR: dict[str, Any] = {"kind": "pair", "key": "fast", "wording": {"en": "It is fast"}, "dimension": "speed"}


def content(*items: dict[str, Any], **more: Any) -> Content:
    return Content.model_validate({"title": {"en": "T"}, "items": items, **more})


class TestRequireSound:
    @pytest.mark.parametrize("key", BUILT_IN)
    def test_what_is_built_in_is(self, key: str) -> None:
        rules.require_sound(BUILT_IN[key])

    def test_branches_choices_and_weights_are(self) -> None:
        rules.require_sound(content(_STARS, _WHY, _WHO, _PAIR, weights={"speed": 1.0}))

    @pytest.mark.parametrize(
        ("items", "more", "said"),
        [
            ([_STARS, _STARS], {}, "used before"),
            ([_WHY, _STARS], {}, "no item before it"),
            ([_STARS, {**_WHY, "show_if": {"item": "stars", "one_of": [6]}}], {}, "never be answered with 6"),
            ([_WHO, {**_WHY, "show_if": {"item": "who", "one_of": ["boss"]}}], {}, "never be answered with 'boss'"),
            ([_PAIR, {**_WHY, "show_if": {"item": "fast", "one_of": [1]}}], {}, "only ratings and choices"),
            ([_PAIR], {"weights": {"slow": 1.0}}, "name each dimension once"),
            ([_PAIR], {"weights": {"speed": 0.9}}, "add up to 0.9"),
            ([_STARS], {"weights": {"speed": 1.0}}, "there are none"),
        ],
    )
    def test_says_what_is_not(self, items: list[dict[str, Any]], more: dict[str, Any], said: str) -> None:
        with pytest.raises(rules.UnsoundQuestionnaire, match=said):
            rules.require_sound(content(*items, **more))


class TestCheckAnswers:
    ALL = content(_STARS, _WHY, _WHO, _PAIR)

    def test_a_branch_is_asked_only_of_whom_it_concerns(self) -> None:
        assert [item.key for item in rules.list_asked(self.ALL, {"stars": 2})] == ["stars", "why", "who", "fast"]
        assert [item.key for item in rules.list_asked(self.ALL, {"stars": 5})] == ["stars", "who", "fast"]
        with pytest.raises(rules.AnswersMissing, match="why"):
            rules.check_answers(self.ALL, {"stars": 1}, complete=True)
        assert rules.check_answers(self.ALL, {"stars": 5}, complete=True) == {"stars": 5}

    def test_what_hangs_on_an_item_that_is_not_asked_is_not_asked(self) -> None:
        then = {**_STARS, "key": "then", "required": False, "show_if": {"item": "stars", "one_of": [1]}}
        last = {**_WHY, "key": "last", "show_if": {"item": "then", "one_of": [1]}}
        chain = content(_STARS, then, last)
        assert rules.check_answers(chain, {"stars": 5, "then": 1, "last": "x"}, complete=True) == {"stars": 5}

    def test_a_half_way_save_may_lack_any(self) -> None:
        assert rules.check_answers(self.ALL, {"stars": 1, "why": ""}, complete=False) == {"stars": 1}
        assert rules.check_answers(self.ALL, {"fast": {"perception": 3}}, complete=False) == {"fast": {"perception": 3}}

    def test_a_required_pair_needs_both_halves(self) -> None:
        pair = content({**_PAIR, "required": True})
        with pytest.raises(rules.AnswersMissing):
            rules.check_answers(pair, {"fast": {"expectation": 7}}, complete=True)

    @pytest.mark.parametrize(
        "answers",
        [
            {"stars": 0},
            {"stars": 6},
            {"stars": "5"},
            {"stars": True},
            {"stars": 4.5},
            {"why": "x" * 2001},
            {"why": "a\x00b"},
            {"why": 3},
            {"who": ["boss"]},
            {"who": ["desk", "desk"]},
            {"who": [["desk"]]},
            {"fast": 3},
            {"fast": {"expectation": 8}},
            {"fast": {"hope": 3}},
            {"other": 1},
        ],
        ids=str,
    )
    def test_refuses_what_is_not_offered(self, answers: dict[str, Any]) -> None:
        with pytest.raises(rules.UnsoundAnswer):
            rules.check_answers(self.ALL, answers, complete=False)

    @given(
        st.dictionaries(
            st.sampled_from(["stars", "why", "who", "fast", "x"]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=11), inner, max_size=3),
                max_leaves=5,
            ),
        )
    )
    @settings(max_examples=100)
    def test_whatever_comes_is_stored_soundly_or_refused(self, answers: dict[str, Any]) -> None:
        try:
            stored = rules.check_answers(self.ALL, answers, complete=False)
        except rules.UnsoundAnswer:
            return
        assert rules.check_answers(self.ALL, stored, complete=False) == stored


class TestClauses:
    def test_what_nobody_asks_about(self) -> None:
        asks = content({**_STARS, "clauses": ["SLA-1/response", "SLA-9/gone"]})
        promised = ["SLA-1/response", "SLA-1/downtime", "SLA-1/backup"]
        assert rules.list_uncovered(asks, promised, ["SLA-1/backup"]) == ["SLA-1/downtime"]
        assert rules.list_unknown_clauses(asks, promised) == ["SLA-9/gone"]


class TestBuiltIn:
    def test_servqual_has_the_published_shape(self) -> None:
        """R175: 22 statements, 4 + 5 + 4 + 4 + 5, each with its ITIL process, in both languages."""
        pairs = [item for item in BUILT_IN["servqual_22"].items if item.kind == "pair"]
        by_dimension = {
            d: sum(item.dimension == d for item in pairs) for d in dict.fromkeys(i.dimension for i in pairs)
        }
        assert by_dimension == {"tangibles": 4, "reliability": 5, "responsiveness": 4, "assurance": 4, "empathy": 5}
        assert all(item.process and set(item.wording) == {"en", "zh-CN"} and item.required for item in pairs)
