"""How urgent an improvement is, and why: severity and impact make the level, effort moves it by one (R4, R17)."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["low", "medium", "high", "critical"]
Impact = Literal["low", "medium", "high", "very_high"]
Effort = Literal["small", "medium", "large"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
IMPACTS: tuple[Impact, ...] = ("low", "medium", "high", "very_high")
_LEVELS = {2: 5, 3: 4, 4: 3, 5: 3, 6: 2, 7: 1, 8: 1}
_UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Priority:
    """`level` is 1 (first) to 5, None while severity and impact are both unknown; `explanation` says how it came."""

    level: int | None
    explanation: str


def prioritise(severity: str | None, impact: str | None, effort: str | None) -> Priority:
    """Severity and impact count 1 to 4 points each, medium (2) where one is unknown. 7 points are level 1, 6 level 2,
    4 and 5 level 3, 3 level 4, 2 level 5. A small effort moves it one level up, a large one down, but never from 1."""
    if severity is None and impact is None:
        return Priority(None, "no priority: neither severity nor impact is known; give one of them")
    hurt, reach = _points(severity, SEVERITIES), _points(impact, IMPACTS)
    level = _LEVELS[hurt + reach]
    told = f"{_tell('severity', severity, hurt)} + {_tell('impact', impact, reach)} = {hurt + reach}: level {level}"
    if effort == "small" and level > 1:
        return Priority(level - 1, f"{told}; small effort: {level - 1}")
    if effort == "large" and level == 1:
        return Priority(level, f"{told}; large effort does not put off what comes first")
    if effort == "large" and level < 5:
        return Priority(level + 1, f"{told}; large effort: {level + 1}")
    return Priority(level, told)


def _points(value: str | None, scale: tuple[str, ...]) -> int:
    return _UNKNOWN if value is None else scale.index(value) + 1


def _tell(name: str, value: str | None, points: int) -> str:
    return f"{name} {value or 'unknown, taken as medium'} ({points})"
