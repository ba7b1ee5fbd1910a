"""One example of every event: what a subscriber's test delivery carries, and what the documentation shows."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from shared.events.envelope import Fact
from shared.events.registry import CONTRACTS


@dataclass(frozen=True, slots=True)
class Example:
    """An event's data with the service that would tell it and the subject that it would have."""

    source: str
    subject: str
    data: Fact


@cache
def _stored() -> dict[str, dict[str, Any]]:
    examples: dict[str, dict[str, Any]] = orjson.loads((files("shared.events") / "examples.json").read_bytes())
    return examples


def example_of(type_: str) -> Example:
    """The stored example of this event type."""
    stored = _stored()[type_]
    return Example(stored["source"], stored["subject"], CONTRACTS[type_].model_validate(stored["data"]))
