"""What makes a measure, a scope, a value sound; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.events.metrics import Direction

ALL = "all"
DIMENSIONS = ("service", "customer", "project", "group", "priority", "category", "cause")
_NAMES = "|".join(DIMENSIONS)
_PART = re.compile(rf"^({_NAMES})=([^\x00]{{1,200}})$")
_BETWEEN_PARTS = re.compile(rf",(?=(?:{_NAMES})=)")
_MOST_PARTS = 3

DataKind = Literal["proportion", "duration", "count", "value"]


class UnsoundScope(ValueError):
    """Neither `all` nor `dimension=value`: names the dimensions."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the facts that a value is about: each named dimension has that value; none of them is all."""

    dimensions: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.dimensions:
            return ALL
        return ",".join(f"{name}={value}" for name, value in zip(self.dimensions, self.values, strict=True))

    @property
    def parts(self) -> tuple[str, ...]:
        """The single `dimension=value` that it is made of."""
        return tuple(f"{name}={value}" for name, value in zip(self.dimensions, self.values, strict=True))


def parse_scope(scope: str) -> Scope:
    """Read `all`, `dimension=value`, or up to three of these joined by commas.

    Raises:
        UnsoundScope: with what would be right.
    """
    if scope == ALL:
        return Scope()
    parts: dict[str, str] = {}
    for part in _BETWEEN_PARTS.split(scope):
        match = _PART.match(part)
        if match is None:
            raise UnsoundScope(
                f"scope: {part!r} is neither 'all' nor one of {', '.join(DIMENSIONS)} followed by =value"
            )
        if match[1] in parts:
            raise UnsoundScope(f"scope: {match[1]} is named twice; a scope has one value of each dimension")
        parts[match[1]] = match[2]
    if len(parts) > _MOST_PARTS:
        raise UnsoundScope(f"scope: {len(parts)} dimensions at once; at most {_MOST_PARTS} can be combined")
    ordered = [name for name in DIMENSIONS if name in parts]
    return Scope(tuple(ordered), tuple(parts[name] for name in ordered))


def canonical_scope(scope: str) -> str:
    """The same scope as it is kept: dimensions in their order.

    Raises:
        UnsoundScope: with what would be right.
    """
    return str(parse_scope(scope))


def is_touched(scope: Scope, touched: Iterable[str] | None) -> bool:
    """Whether facts of these `dimension=value` may have changed the scope's value; None means any."""
    return touched is None or all(part in touched for part in scope.parts)


def find_unsound_value(data_kind: DataKind, value: float) -> str | None:
    """Why this cannot be a value, target or baseline of such a measure, or None (R29)."""
    if data_kind == "proportion" and not 0 <= value <= 1:
        return f"value: {value} is not between 0 and 1; write 75 % as 0.75"
    if value < 0 and data_kind != "value":
        return f"value: {value} is negative, and a {data_kind} never is"
    return None


def is_better(direction: Direction, value: float, than: float) -> bool:
    """Whether `value` is strictly better."""
    return value > than if direction == "higher_is_better" else value < than
