"""How a survey's form is read, and what of it must be answered."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from services.satisfaction.analysis.rules import find_withheld
from services.satisfaction.analysis.schemas import FEWEST_ANSWERS
from services.satisfaction.questionnaires.rules import check_answers, list_asked
from services.satisfaction.questionnaires.schemas import (
    Answer,
    ChoiceItem,
    Content,
    Item,
    PairItem,
    RatingItem,
    TextItem,
)
from shared.problems import Problem

UNTOLD = "und"
"""The language of an anonymous answer (BCP 47: undetermined)."""
MOST_AT_ONCE = 20_000
_ROOM_STEP, _MOST_ROOM = 1024, 16 * 1024
_LONGEST_NAME = 100

SHOWN = "shown"
"""The form's list of the items that it showed."""

Form = Mapping[str, Sequence[str]]
HALVES = ("expectation", "perception")
_STEP = re.compile(r"[0-9]{1,3}")
_LONGEST_VALUE = 20_000


class MoreToAsk(Problem):
    """What was answered leads to questions that were not shown yet; `items` names them."""

    status = 422


def field_of(item: Item, half: str | None = None) -> str:
    """The name of its field in the form."""
    return f"a.{item.key}.{half}" if half else f"a.{item.key}"


def pick_fields(content: Content, form: Form) -> dict[str, list[str]]:
    """What was typed into the fields of this questionnaire; nothing else of the form is kept."""
    picked = {}
    for item in content.items:
        names = [field_of(item, half) for half in HALVES] if isinstance(item, PairItem) else [field_of(item)]
        for name in names:
            values = [_clean(value) for value in form.get(name, ())[:50]]
            if any(values):
                picked[name] = [value for value in values if value]
    return picked


def read_answers(content: Content, fields: Form) -> dict[str, Any]:
    """The fields as answers. Steps become numbers; what is none stays as it was typed, for `check` to refuse."""
    answers: dict[str, Any] = {}
    for item in content.items:
        match item:
            case PairItem():
                typed = {half: _first(fields, field_of(item, half)) for half in HALVES}
                given = {half: _read_step(value) for half, value in typed.items() if value}
            case ChoiceItem(multiple=True):
                given = list(fields.get(field_of(item), ()))  # type: ignore[assignment]
            case RatingItem():
                given = _read_step(_first(fields, field_of(item)))  # type: ignore[assignment]
            case _:
                given = _first(fields, field_of(item))  # type: ignore[assignment]
        if given not in ("", [], {}):
            answers[item.key] = given
    return answers


def check(content: Content, form: Form) -> dict[str, Answer]:
    """What is stored of a form that was sent for good.

    Raises:
        UnsoundAnswer: a score out of range, an option that there is not.
        MoreToAsk: it leads to questions that the form did not show.
        AnswersMissing
    """
    given = read_answers(content, pick_fields(content, form))
    if SHOWN in form:
        shown = set(" ".join(form[SHOWN]).split())
        asked = list_asked(content, check_answers(content, given, complete=False))
        if more := [item.key for item in asked if item.key not in shown]:
            raise MoreToAsk("your answers lead to more questions", items=more)
    return check_answers(content, given, complete=True)


def find_room(content: Content) -> int:
    """Bytes in which answers to this questionnaire are sealed: what the longest take, in whole KiB and at most 16; more
    is sealed in a multiple of that."""
    longest = sum(len(item.key) + 6 + _longest_of(item) for item in content.items) + 2
    return min(math.ceil(longest / _ROOM_STEP) * _ROOM_STEP, _MOST_ROOM)


def pad(answers: bytes, room: int) -> str:
    """The answers' JSON, as long as that of anybody else: blanks behind JSON are JSON."""
    return answers.decode() + " " * (-len(answers) % room)


def merge_strata(waiting: Mapping[str, int]) -> set[str]:
    """The strata of an anonymous campaign that become one when it is over, by how many answers each has: all with so
    few that they would tell of somebody, and the next smallest where these together are too few as well."""
    return find_withheld(waiting)


def name_merged(strata: Collection[str]) -> str:
    """How the stratum is called that these have become."""
    names = sorted(strata)
    joined = " + ".join(names)
    return joined if len(joined) <= _LONGEST_NAME else f"{names[0][: _LONGEST_NAME - 10]} + {len(names) - 1}"


def are_too_few(waiting: Mapping[str, int]) -> bool:
    """Whether all answers together tell of somebody."""
    return sum(waiting.values()) < FEWEST_ANSWERS


def find_portion(waiting: int, most: int = MOST_AT_ONCE) -> int:
    """How many of a stratum's answers are opened together: all, or so many that no small rest is left."""
    return waiting if waiting <= 2 * most else most


def list_shown(content: Content, fields: Form) -> list[Item]:
    """The items that somebody with these fields sees; an answer that its item does not offer leads nowhere."""
    return list_asked(content, read_answers(content, fields))


def list_wrong(refusal: Problem) -> list[str]:
    """The items that it is about."""
    one = [refusal.extra["item"]] if "item" in refusal.extra else []
    return [*one, *refusal.extra.get("missing", ())]


def _longest_of(item: Item) -> int:
    """Bytes of its longest answer as JSON."""
    match item:
        case RatingItem():
            return 2
        case PairItem():
            return len('{"expectation":10,"perception":10}')
        case ChoiceItem():
            return sum(len(key) + 3 for key in item.options) + 2
        case TextItem():
            return 4 * item.longest + 2


def _first(fields: Form, name: str) -> str:
    values = fields.get(name, ())
    return values[0] if values else ""


def _read_step(value: str) -> int | str:
    return int(value) if _STEP.fullmatch(value) else value


def _clean(value: str) -> str:
    return value[:_LONGEST_VALUE].replace("\x00", "").replace("\r\n", "\n").strip()
