"""SERVQUAL of a campaign: statements, dimensions and processes as its analysis tells them (F21, R175)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from services.satisfaction.analysis import servqual
from services.satisfaction.analysis.matrices import Answers
from services.satisfaction.analysis.schemas import Basis, GroupResult, ItemResult, WholeResult
from services.satisfaction.analysis.strata import Strata
from services.satisfaction.questionnaires.schemas import Content, PairItem


@dataclass(frozen=True, slots=True)
class Statements:
    """Empty, and without a whole, where a questionnaire has no pairs of expectation and perception."""

    items: tuple[ItemResult, ...]
    groups: tuple[GroupResult, ...]
    whole: WholeResult | None


def analyse_statements(content: Content, answers: Answers, strata: Strata, confidence: float) -> Statements:
    """Every statement, dimension and process that the questionnaire names."""
    pairs = {item.key: item for item in content.items if isinstance(item, PairItem)}
    if not pairs:
        return Statements((), (), None)
    keys = list(pairs)
    halves = servqual.read_halves(answers.expectation, answers.perception, strata)
    by_dimension = _gather([(item.dimension, item.key) for item in pairs.values()])
    by_process = _gather([(item.process, item.key) for item in pairs.values() if item.process])
    weights = _weights(content, list(by_dimension))
    whole = servqual.whole_of(keys, by_dimension, weights, halves, confidence)
    aspects: tuple[tuple[Literal["dimension", "process"], dict[str, list[str]]], ...] = (
        ("dimension", by_dimension),
        ("process", by_process),
    )
    return Statements(
        tuple(
            ItemResult(name=dict(pairs[one.item].wording), **asdict(one)) for one in servqual.gaps_by_item(keys, halves)
        ),
        tuple(
            _group(aspect, group, pairs, confidence)
            for aspect, groups in aspects
            for group in servqual.gaps_by_group(keys, groups, halves, confidence)
        ),
        WholeResult.model_validate({**_flat(whole), "weights": weights}),
    )


def _group(
    aspect: Literal["dimension", "process"],
    group: servqual.GroupGap,
    pairs: Mapping[str, PairItem],
    confidence: float,
) -> GroupResult:
    p_value = group.told.p_value
    return GroupResult.model_validate(
        {
            **_flat(group),
            "aspect": aspect,
            "key": group.group,
            "significant": p_value is not None and p_value < 1 - confidence,
            "basis": tuple(Basis(item=key, low=pairs[key].low, high=pairs[key].high) for key in group.items),
        }
    )


def _flat(told: servqual.GroupGap | servqual.Whole) -> dict[str, object]:
    """The gap's estimate beside what else is told."""
    each = asdict(told)
    return {**each, **each.pop("told")}


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
