"""How a form is read, and what hides one answer among the others."""

import orjson
import pytest

from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.responses.rules import (
    are_too_few,
    find_portion,
    find_room,
    merge_strata,
    name_merged,
    pad,
)


def asking(*longest: int) -> Content:
    """A questionnaire of so many texts of these lengths."""
    items = [
        {"kind": "text", "key": f"t{n}", "wording": {"en": "?"}, "longest": many} for n, many in enumerate(longest)
    ]
    return Content.model_validate({"title": {"en": "T"}, "items": items})


class TestFindRoom:
    def test_holds_the_longest_answer_in_any_script(self) -> None:
        content = asking(200)
        longest = orjson.dumps({"t0": "𠮷" * 200})
        assert (len(longest), find_room(content)) == (809, 1024)

    @pytest.mark.parametrize("key", sorted(BUILT_IN))
    def test_every_built_in_one_has_one_length(self, key: str) -> None:
        """22 pairs and a comment of 2,000 characters of three bytes each."""
        content = BUILT_IN[key]
        pairs = {f"s{n:02d}": {"expectation": 7, "perception": 7} for n in range(1, 23)}
        longest = orjson.dumps({**pairs, "comment": "满" * 2000, "csat": 5, "nps": 10, "ces": 7})
        room = find_room(content)
        assert room % 1024 == 0
        if key == "servqual_22":
            assert len(pad(longest, room).encode()) == len(pad(b"{}", room).encode()) == room

    def test_is_bounded(self) -> None:
        assert find_room(asking(*[5000] * 100)) == 16 * 1024


class TestPad:
    def test_stays_the_same_answers(self) -> None:
        assert orjson.loads(pad(b'{"a":1}', 64)) == {"a": 1}
        assert [len(pad(b"x" * many, 64)) for many in (1, 63, 64, 65)] == [64, 64, 64, 128]


class TestMergeStrata:
    @pytest.mark.parametrize(
        ("waiting", "expected"),
        [
            ({"a": 5, "b": 9}, set()),
            ({"a": 4, "b": 9}, {"a", "b"}),
            ({"a": 4, "b": 9, "c": 6}, {"a", "c"}),
            ({"a": 3, "b": 2, "c": 6}, {"a", "b"}),
            ({"a": 1, "b": 2}, {"a", "b"}),
        ],
    )
    def test_few_hide_among_others(self, waiting: dict[str, int], expected: set[str]) -> None:
        assert merge_strata(waiting) == expected


class TestNameMerged:
    def test_says_which_they_were_as_far_as_it_fits(self) -> None:
        assert name_merged({"south", "north"}) == "north + south"
        many = name_merged({f"stratum {n:03}" for n in range(200)})
        assert many == "stratum 000 + 199"
        assert len(name_merged({"x" * 100, "y" * 100})) <= 100


class TestAreTooFew:
    def test_fewer_than_five(self) -> None:
        assert [are_too_few({"a": n, "b": 1}) for n in (3, 4)] == [True, False]


class TestFindPortion:
    @pytest.mark.parametrize(("waiting", "expected"), [(5, 5), (20, 20), (21, 10), (1000, 10)])
    def test_leaves_no_small_rest(self, waiting: int, expected: int) -> None:
        portion = find_portion(waiting, most=10)
        assert portion == expected
        assert waiting - portion == 0 or waiting - portion > 10
