"""SERVQUAL of a campaign: statements, dimensions and processes as its analysis tells them (F21, R175)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from services.satisfaction.analysis import servqual
from services.satisfaction.analysis.matrices import Answers
from services.satisfaction.analysis.schemas import GroupResult, ItemResult, WholeResult
from services.satisfaction.questionnaires.schemas import Content, PairItem


@dataclass(frozen=True, slots=True)
class Statements:
    """Empty, and without a whole, where a questionnaire has no pairs of expectation and perception."""

    items: tuple[ItemResult, ...]
    groups: tuple[GroupResult, ...]
    whole: WholeResult | None


def analyse_statements(content: Content, answers: Answers, population: int, confidence: float) -> Statements:
    """Every statement, dimension and process that the questionnaire names."""
    pairs = [item for item in content.items if isinstance(item, PairItem)]
    if not pairs:
        return Statements((), (), None)
    keys = [item.key for item in pairs]
    names = {item.key: dict(item.wording) for item in pairs}
    expectation, perception = answers.expectation, answers.perception
    by_dimension = _gather([(item.dimension, item.key) for item in pairs])
    by_process = _gather([(item.process, item.key) for item in pairs if item.process])
    dimensions = servqual.gaps_by_group(keys, by_dimension, expectation, perception, population)
    processes = servqual.gaps_by_group(keys, by_process, expectation, perception, population)
    weights = _weights(content, list(by_dimension))
    whole = servqual.whole_of(dimensions, weights, expectation, perception)
    alpha = 1 - confidence
    return Statements(
        tuple(
            ItemResult(name=names[one.item], **asdict(one))
            for one in servqual.gaps_by_item(keys, expectation, perception)
        ),
        (
            *(_group("dimension", group, alpha) for group in dimensions),
            *(_group("process", group, alpha) for group in processes),
        ),
        WholeResult.model_validate({**asdict(whole), "weights": weights}),
    )


def _group(aspect: Literal["dimension", "process"], group: servqual.GroupGap, alpha: float) -> GroupResult:
    significant = group.p_value is not None and group.p_value < alpha
    told = {**asdict(group), "aspect": aspect, "key": group.group, "significant": significant}
    return GroupResult.model_validate(told)


def _gather(named: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group, item in named:
        groups.setdefault(group, []).append(item)
    return groups


def _weights(content: Content, dimensions: Sequence[str]) -> dict[str, float]:
    """F21: Σ w = 1 over the dimensions of the pairs; the weight of a dimension that only ratings have is shared out."""
    given = {name: content.weights.get(name, 0.0) for name in dimensions}
    total = sum(given.values())
    if total == 0:
        return {name: 1 / len(dimensions) for name in dimensions}
    return {name: weight / total for name, weight in given.items()}
