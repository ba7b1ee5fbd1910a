"""How a survey's form is read, and what of it must be answered."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.satisfaction.questionnaires.rules import check_answers, list_asked
from services.satisfaction.questionnaires.schemas import Answer, ChoiceItem, Content, Item, PairItem, RatingItem
from shared.problems import Problem

MIXED_FROM = 5
"""So many anonymous answers are mixed together at least."""

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


def list_shown(content: Content, fields: Form) -> list[Item]:
    """The items that somebody with these fields sees; an answer that its item does not offer leads nowhere."""
    return list_asked(content, read_answers(content, fields))


def list_wrong(refusal: Problem) -> list[str]:
    """The items that it is about."""
    one = [refusal.extra["item"]] if "item" in refusal.extra else []
    return [*one, *refusal.extra.get("missing", ())]


def _first(fields: Form, name: str) -> str:
    values = fields.get(name, ())
    return values[0] if values else ""


def _read_step(value: str) -> int | str:
    return int(value) if _STEP.fullmatch(value) else value


def _clean(value: str) -> str:
    return value[:_LONGEST_VALUE].replace("\x00", "").replace("\r\n", "\n").strip()
