"""What an endpoint hears, and when it counts as failing or as lost (R207)."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

EVERYTHING = "*"
MOST_NEAR = 3

Scalar = str | int | float | bool | None
Filter = Mapping[str, Scalar | Sequence[Scalar]]
Change = Literal["failing", "recovered", "disabled"]


def matches_type(patterns: Collection[str], type_: str) -> bool:
    """R207: an exact name, `ratchet.gap.*` for all below it, or `*` for every event."""
    return any(
        pattern in (EVERYTHING, type_) or (pattern.endswith(".*") and type_.startswith(pattern[:-1]))
        for pattern in patterns
    )


def find_unheard(patterns: Sequence[str], known: Collection[str]) -> dict[str, list[str]]:
    """The patterns that no known event type matches, each with the types that were perhaps meant."""
    return {
        pattern: nearest(pattern, known)
        for pattern in patterns
        if not any(matches_type([pattern], type_) for type_ in known)
    }


def nearest(type_: str, known: Collection[str]) -> list[str]:
    """The known types that look most like this one."""
    return difflib.get_close_matches(type_, known, MOST_NEAR, 0.5)


def matches_filter(wanted: Filter | None, data: Mapping[str, Any]) -> bool:
    """R207: at each dotted path of the event's data stands the allowed value, or one of the allowed ones."""
    return wanted is None or all(_is_allowed(_at(data, path), allowed) for path, allowed in wanted.items())


class _Absent:
    """No value at all: not even null allows it."""


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(data, Mapping) or step not in data:
            return _Absent
        data = data[step]
    return data


def _is_allowed(value: Any, allowed: Scalar | Sequence[Scalar]) -> bool:
    choices = allowed if isinstance(allowed, Sequence) and not isinstance(allowed, str) else [allowed]
    return any(_is_same(value, choice) for choice in choices)


def _is_same(value: Any, choice: Scalar) -> bool:
    """As JSON sees it: 1 is 1.0, and neither is true."""
    return isinstance(value, bool) == isinstance(choice, bool) and value == choice


def is_about(type_: str, data: Mapping[str, Any], endpoint_id: object) -> bool:
    """Whether this event tells how this very endpoint fares: it is not sent there, or one failure would cause the
    next."""
    return is_own_news(type_) and data.get("endpoint_id") == str(endpoint_id)


def is_own_news(type_: str) -> bool:
    """Whether this is an event about deliveries: that it could not be delivered is no news again."""
    return type_.startswith(("ratchet.endpoint.", "ratchet.delivery."))


@dataclass(frozen=True, slots=True)
class Health:
    """`failing_since` is None while the last attempt succeeded."""

    enabled: bool
    failing_since: datetime | None


def judge_attempt(
    health: Health, *, succeeded: bool, gone: bool, at: datetime, disable_after: timedelta
) -> tuple[Health, list[Change]]:
    """R207: the first failure and the first success after it are told; 410 or failing for too long disables.

    `gone` is the answer 410; `at` the time of the attempt. An attempt that was under way when the endpoint was
    disabled disables nothing again.
    """
    if succeeded:
        return Health(health.enabled, None), ["recovered"] if health.failing_since is not None else []
    changes: list[Change] = [] if health.failing_since is not None else ["failing"]
    since = health.failing_since or at
    lost = gone or at - since >= disable_after
    if lost and health.enabled:
        changes.append("disabled")
    return Health(health.enabled and not lost, since), changes
