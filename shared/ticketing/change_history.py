"""When a change was done, from the history of its record's states."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Step(NamedTuple):
    """One entry of the history: whether the change was done by it. `number` orders those of one second."""

    at: datetime
    number: int
    is_done: bool


def done_since(steps: Iterable[Step]) -> datetime | None:
    """Since when it has been done without a break, None where it is not or the history does not say: resolved and
    closed later it was done when it was resolved; reopened and resolved again, when it was resolved again."""
    since: datetime | None = None
    for step in sorted(steps):
        since = (since or step.at) if step.is_done else None
    return since
