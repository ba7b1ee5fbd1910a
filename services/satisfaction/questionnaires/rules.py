"""What makes a questionnaire sound, which of its items are asked, and what may be answered."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from services.satisfaction.questionnaires.schemas import (
    Answer,
    ChoiceItem,
    Condition,
    Content,
    Item,
    PairItem,
    RatingItem,
    TextItem,
)
from shared.problems import Problem

_HALVES = ("expectation", "perception")


class UnsoundQuestionnaire(Problem):
    """It could not be answered or analysed as it is: says where and what would be right."""

    status = 422


class UnsoundAnswer(Problem):
    """An answer that its item does not offer, or an item that is not there."""

    status = 422


class AnswersMissing(Problem):
    """What must be answered is not; `missing` names the items."""

    status = 422


def digest_of(content: Content) -> str:
    """SHA-256 (hex) of the content as JSON, in its order: options in another order are another question."""
    return hashlib.sha256(orjson.dumps(content.model_dump(mode="json"))).hexdigest()


def require_sound(content: Content) -> None:
    """Keys once, branches backwards to what can be answered so, weights for the dimensions that there are.

    Raises:
        UnsoundQuestionnaire
    """
    earlier: dict[str, Item] = {}
    for place, item in enumerate(content.items):
        where = f"items[{place}] ({item.key})"
        if item.key in earlier:
            raise UnsoundQuestionnaire(f"{where}: the key is used before; every item has its own")
        if item.show_if is not None:
            _require_branch(where, item.show_if, earlier)
        if isinstance(item, RatingItem | PairItem) and item.high - item.low < 1:
            raise UnsoundQuestionnaire(f"{where}: high must lie above low")
        earlier[item.key] = item
    dimensions = {item.dimension for item in content.items if item.dimension}
    if not content.weights:
        return
    if content.weights.keys() != dimensions:
        raise UnsoundQuestionnaire(
            f"weights: name each dimension once ({', '.join(sorted(dimensions)) or 'there are none'}), and no other"
        )
    if not math.isclose(sum(content.weights.values()), 1, abs_tol=1e-6):
        raise UnsoundQuestionnaire(f"weights: add up to {sum(content.weights.values()):g}, and must to 1 (F21)")


def _require_branch(where: str, condition: Condition, earlier: Mapping[str, Item]) -> None:
    asked = earlier.get(condition.item)
    if asked is None:
        raise UnsoundQuestionnaire(f"{where}: show_if names '{condition.item}', which is no item before it")
    if isinstance(asked, RatingItem):
        wrong = [one for one in condition.one_of if not isinstance(one, int) or not asked.low <= one <= asked.high]
    elif isinstance(asked, ChoiceItem):
        wrong = [one for one in condition.one_of if one not in asked.options]
    else:
        raise UnsoundQuestionnaire(f"{where}: show_if looks at '{condition.item}'; only ratings and choices branch")
    if wrong:
        raise UnsoundQuestionnaire(f"{where}: '{condition.item}' can never be answered with {wrong[0]!r}")


def list_asked(content: Content, answers: Mapping[str, Any]) -> list[Item]:
    """The items that somebody with these answers is asked, in order. What hangs on an item that is not asked is not
    asked either."""
    asked: dict[str, Item] = {}
    for item in content.items:
        condition = item.show_if
        if condition is None or (
            condition.item in asked and not _values(answers.get(condition.item)).isdisjoint(condition.one_of)
        ):
            asked[item.key] = item
    return list(asked.values())


def check_answers(content: Content, answers: Mapping[str, Any], *, complete: bool) -> dict[str, Answer]:
    """What is stored of these answers: those of items that are asked; a half-way save may lack any.

    Raises:
        UnsoundAnswer: names the item and what it offers.
        AnswersMissing: complete, and a required item has no answer.
    """
    known = {item.key: item for item in content.items}
    for key, answer in answers.items():
        if key not in known:
            raise UnsoundAnswer(f"'{key}' is no item of this questionnaire", item=key)
        if not _is_empty(answer):
            _require_fit(known[key], answer)
    asked = list_asked(content, answers)
    if complete:
        missing = [item.key for item in asked if item.required and not _is_answered(item, answers.get(item.key))]
        if missing:
            raise AnswersMissing(f"please answer {', '.join(missing)} as well", missing=missing)
    return {item.key: answers[item.key] for item in asked if not _is_empty(answers.get(item.key))}


def list_uncovered(content: Content, clauses: Iterable[str], waived: Iterable[str]) -> list[str]:
    """R84: clauses of the agreements that no item asks about, and that nobody waived with a reason."""
    covered = {clause for item in content.items for clause in item.clauses} | set(waived)
    return sorted(set(clauses) - covered)


def list_unknown_clauses(content: Content, clauses: Iterable[str]) -> list[str]:
    """Clauses that items ask about and that are none of these agreements'."""
    return sorted({clause for item in content.items for clause in item.clauses} - set(clauses))


def _require_fit(item: Item, answer: object) -> None:
    match item:
        case RatingItem():
            if not _is_step(answer, item.low, item.high):
                raise UnsoundAnswer(f"{item.key}: a whole number from {item.low} to {item.high}", item=item.key)
        case PairItem():
            is_fit = isinstance(answer, dict) and answer.keys() <= set(_HALVES)
            if not is_fit or not all(_is_step(half, item.low, item.high) for half in answer.values()):  # type: ignore[attr-defined]
                raise UnsoundAnswer(
                    f"{item.key}: expectation and perception, each a whole number from {item.low} to {item.high}",
                    item=item.key,
                )
        case ChoiceItem():
            chosen = answer if isinstance(answer, list) and item.multiple else [answer]
            if any(not isinstance(one, str) or one not in item.options for one in chosen) or len(set(chosen)) < len(
                chosen
            ):
                raise UnsoundAnswer(f"{item.key}: of {', '.join(item.options)}, each once", item=item.key)
        case TextItem():
            if not isinstance(answer, str) or len(answer) > item.longest or "\x00" in answer:
                raise UnsoundAnswer(f"{item.key}: text of at most {item.longest} characters", item=item.key)


def _is_step(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_empty(answer: object) -> bool:
    return answer is None or answer in ("", [], {})


def _is_answered(item: Item, answer: object) -> bool:
    if isinstance(item, PairItem):
        return isinstance(answer, dict) and all(half in answer for half in _HALVES)
    return not _is_empty(answer)


def _values(answer: object) -> set[Any]:
    if answer is None or isinstance(answer, dict):
        return set()
    return set(answer) if isinstance(answer, list) else {answer}
