"""Which scores a questionnaire makes of its answers: CSAT (F4), NPS (F22), CES, ratings, the index (R186)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from services.satisfaction.analysis.matrices import Answers
from services.satisfaction.analysis.schemas import Basis
from services.satisfaction.analysis.scores import Column, net_promoter
from services.satisfaction.questionnaires.schemas import Content, PairItem, RatingItem

Kind = Literal["csat", "nps", "ces", "rating", "index", "expectation"]
_INDEX = {"en": "Satisfaction index", "zh-CN": "满意度指数"}
_EXPECTED = {"en": "Expectation", "zh-CN": "期望"}


@dataclass(frozen=True, slots=True)
class Scored:
    """One score: `raw` is what was answered, `column` what each answer is worth in it (a share's: 1 or 0)."""

    key: str
    name: dict[str, str]
    kind: Kind
    unit: Literal["share", "points", "scale"]
    least: float
    most: float
    raw: Column
    column: Column
    basis: tuple[Basis, ...]

    @property
    def is_share(self) -> bool:
        return self.unit == "share"

    def count_answers(self, known: Column) -> dict[str, int]:
        """How many gave which answer; of the index, which is none, nothing."""
        if self.kind in ("index", "expectation"):
            return {}
        values, counts = np.unique(known, return_counts=True)
        return {f"{value:g}": int(count) for value, count in zip(values, counts, strict=True)}

    def count_parts(self, known: Column) -> dict[str, float]:
        """Promoters, passives and detractors among those who answered."""
        if self.kind != "nps" or not known.size:
            return {}
        told = net_promoter(known)
        return {
            "promoters": told.promoters or 0.0,
            "passives": told.passives or 0.0,
            "detractors": told.detractors or 0.0,
        }


def list_scores(content: Content, answers: Answers) -> list[Scored]:
    """The scores, headline figures first. The first item that measures CSAT, NPS or CES has that for its key, every
    other its own."""
    items = [_of_item(item, answers.ratings[item.key]) for item in content.items if isinstance(item, RatingItem)]
    told: list[Scored] = []
    for kind in ("csat", "nps", "ces"):
        first = next((one for one in items if one.kind == kind), None)
        if first is not None:
            items.remove(first)
            told.append(replace(first, key=kind))
    told += _indices(content, answers)
    return told + items


def _of_item(item: RatingItem, raw: Column) -> Scored:
    name: dict[str, str] = dict(item.wording.items())
    missing = np.isnan(raw)
    basis = (_basis_of(item),)
    if item.measures == "nps":
        worth = np.where(raw >= 9, 100.0, np.where(raw <= 6, -100.0, 0.0))
        return Scored(item.key, name, "nps", "points", -100, 100, raw, np.where(missing, np.nan, worth), basis)
    if item.measures == "ces":
        return Scored(item.key, name, "ces", "scale", item.low, item.high, raw, raw, basis)
    satisfied = np.where(missing, np.nan, (raw >= item.satisfied).astype(np.float64))
    basis = (_basis_of(item, item.satisfied),)
    return Scored(item.key, name, item.measures or "rating", "share", 0, 1, raw, satisfied, basis)


def _basis_of(item: RatingItem | PairItem, satisfied_from: int | None = None) -> Basis:
    return Basis(item=item.key, low=item.low, high=item.high, satisfied_from=satisfied_from)


def _indices(content: Content, answers: Answers) -> list[Scored]:
    """The index is the mean of all perceptions and ratings, the expectation that of the statements' other halves."""
    pairs = [item for item in content.items if isinstance(item, PairItem)]
    rated = [item for item in content.items if isinstance(item, RatingItem) and item.measures != "nps"]
    perceived = [_on_hundred(answers.perception[:, place], item) for place, item in enumerate(pairs)]
    perceived += [_on_hundred(answers.ratings[item.key], item) for item in rated]
    expected = [_on_hundred(answers.expectation[:, place], item) for place, item in enumerate(pairs)]
    told = []
    indices: tuple[tuple[Literal["index", "expectation"], dict[str, str], list[Column], list[Any]], ...] = (
        ("index", _INDEX, perceived, [*pairs, *rated]),
        ("expectation", _EXPECTED, expected, [*pairs]),
    )
    for key, name, columns, items in indices:
        if columns and (mean := _mean_by_row(columns)) is not None:
            told.append(Scored(key, name, key, "points", 0, 100, mean, mean, tuple(map(_basis_of, items))))
    return told


def _on_hundred(column: Column, item: RatingItem | PairItem) -> Column:
    scaled: Column = (column - item.low) * (100.0 / (item.high - item.low))
    return scaled


def _mean_by_row(columns: Sequence[Column]) -> Column | None:
    """None where nobody answered any."""
    table = np.column_stack(columns)
    known = (~np.isnan(table)).sum(axis=1)
    if not known.any():
        return None
    mean: Column = np.where(known > 0, np.nansum(table, axis=1) / np.maximum(known, 1), np.nan)
    return mean
