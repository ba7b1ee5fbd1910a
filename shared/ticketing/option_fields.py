"""Fields of a connection's options whose errors say what would be right."""

import re
from collections.abc import Callable, Mapping
from typing import Any


def matching(pattern: str, advice: str) -> Callable[[str], str]:
    """A check that a whole text is of this form; `advice` goes on after 'must be'."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(f"must be {advice}")
        return value

    return check


def require_named(given: Any, needed: Mapping[str, str]) -> Any:
    """What is given, where it holds all that is needed; `needed` says by name what belongs there.

    Raises:
        ValueError: names the first that is missing.
    """
    if isinstance(given, Mapping):
        for name, advice in needed.items():
            if given.get(name) in (None, ""):
                raise ValueError(f"{name}: is missing; {advice}")
    return given
