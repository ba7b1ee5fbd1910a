"""The revision table of a controlled document (R1), from the record's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_BEGINS = ("revise", "change_plan", "approval_expired")
"""The actions after which the record is another revision."""


class Line(Protocol):
    """A line of history, as far as revisions go."""

    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def note(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """One revision: when it began, by whom, what changed (None: the first one), and who approved it last, and when."""

    revision: int
    begun_at: datetime
    author: str
    change: str | None
    approved_by: str | None = None
    approved_at: datetime | None = None


def list_revisions(history: Sequence[Line]) -> list[RevisionLine]:
    """R1: version, date, change, author of every revision, oldest first, with its last approval."""
    found: list[RevisionLine] = []
    for line in history:
        if not found or line.action in _BEGINS:
            change = line.note if found else None
            found.append(RevisionLine(len(found) + 1, line.at, line.actor, change))
        elif line.action == "approve":
            last = found[-1]
            found[-1] = RevisionLine(last.revision, last.begun_at, last.author, last.change, line.actor, line.at)
    return found
