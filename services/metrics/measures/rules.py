"""What makes a measure, a scope, a target sound; pure."""

import re
from dataclasses import dataclass
from typing import Literal

from shared.events.metrics import Direction

ALL = "all"
DIMENSIONS = ("service", "customer", "project", "group", "priority", "category", "cause")
_SCOPE = re.compile(rf"^({'|'.join(DIMENSIONS)})=([^\x00]{{1,200}})$")

DataKind = Literal["proportion", "duration", "count"]


class UnsoundScope(ValueError):
    """Neither `all` nor `dimension=value`: names the dimensions."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the tickets that a value is about; `dimension` is None for all of them."""

    dimension: str | None
    value: str | None


def parse_scope(scope: str) -> Scope:
    """Read `all` or `dimension=value`.

    Raises:
        UnsoundScope: with what would be right.
    """
    if scope == ALL:
        return Scope(None, None)
    match = _SCOPE.match(scope)
    if match is None:
        raise UnsoundScope(f"scope: {scope!r} is neither 'all' nor one of {', '.join(DIMENSIONS)} followed by =value")
    return Scope(match[1], match[2])


def find_unsound_value(data_kind: DataKind, value: float) -> str | None:
    """Why this cannot be a target or baseline of such a measure, or None (R29)."""
    if data_kind == "proportion" and not 0 <= value <= 1:
        return f"value: {value} is not between 0 and 1; write 75 % as 0.75"
    if value < 0:
        return f"value: {value} is negative, and a {data_kind} never is"
    return None


def is_better(direction: Direction, value: float, than: float) -> bool:
    """Whether `value` is strictly better."""
    return value > than if direction == "higher_is_better" else value < than
