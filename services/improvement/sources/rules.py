"""What comes of a source: a record of its own, a line in the one that is open, or nothing yet, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.improvement.settings import SourceKind
from shared.events.metrics import Severity

Kind = SourceKind | Literal["regression"]
Outcome = Literal["opened", "attached", "counted", "suppressed"]
_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Told:
    """One source in the words of a record.

    `keys` say what it is, its own first: the same thing told again attaches for as long as its record is open.
    `subject` says what it is about: another thing about it attaches within the cool-down. `asks` is false where the
    teller wants no improvement. `facts` are numbers worth keeping.
    """

    kind: Kind
    reference: str
    label: str
    keys: tuple[str, ...]
    title: str
    problem: str
    told_by: str
    told_at: datetime
    subject: str | None = None
    severity: Severity | None = None
    department: str | None = None
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    measure_key: str | None = None
    scope: str | None = None
    owner: str | None = None
    link: str | None = None
    asks: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """The record that a matter led to: `ended_at` is null while it is open. `told_at`: the matter's last telling."""

    improvement_id: UUID
    number: str
    ended_at: datetime | None
    told_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` with its reason; where it attaches, to which record."""

    outcome: Outcome
    reason: str
    improvement_id: UUID | None = None


def judge(
    told: Told,
    same: Sequence[Standing],
    about: Standing | None,
    of_measure: UUID | None,
    gate: Severity | None,
    cool_down_days: int,
) -> Verdict:
    """R6-R10, R14, R66, R107: what a source leads to. `same` are the records of its own keys, `about` that of its
    subject, `of_measure` the open one of its measure and scope.

    Nothing below the gate or within the cool-down opens a record, yet it attaches to one that is open.
    """
    if not told.asks:
        return Verdict("suppressed", "no improvement was asked for")
    for standing in same:
        if standing.ended_at is None:
            return Verdict("attached", f"{standing.number} has this matter already", standing.improvement_id)
    cool_down = timedelta(days=cool_down_days)
    if about is not None and about.ended_at is None and abs(told.told_at - about.told_at) <= cool_down:
        reason = f"{about.number} has the same subject, told of within {cool_down_days} days"
        return Verdict("attached", reason, about.improvement_id)
    if of_measure is not None:
        return Verdict("attached", "its measure and scope have an open record", of_measure)
    ended = [standing for standing in (*same, *([about] if about else [])) if standing.ended_at is not None]
    for standing in ended:
        if is_cooling(told.told_at, standing.ended_at, cool_down_days):
            return Verdict("suppressed", say_cooling(standing.number, standing.ended_at, cool_down_days))
    if not is_severe_enough(told.severity, gate):
        return Verdict("suppressed", say_gate(told.kind, told.severity, gate))
    return Verdict("opened", "nothing open had this matter")


def is_severe_enough(severity: Severity | None, gate: Severity | None) -> bool:
    """Without a gate anything is; what has no severity passes every gate: a person asked for it."""
    return gate is None or severity is None or _SEVERITIES.index(severity) >= _SEVERITIES.index(gate)


def is_cooling(told_at: datetime, ended_at: datetime | None, cool_down_days: int) -> bool:
    """Whether this lies before the end of the cool-down; what happened before the record ended does, too."""
    return cool_down_days > 0 and ended_at is not None and told_at < ended_at + timedelta(days=cool_down_days)


def say_cooling(number: str, ended_at: datetime | None, cool_down_days: int) -> str:
    assert ended_at is not None
    until = ended_at + timedelta(days=cool_down_days)
    return f"{number} on this ended on {ended_at:%Y-%m-%d}; nothing new opens before {until:%Y-%m-%d}"


def say_gate(kind: str, severity: str | None, gate: str | None) -> str:
    return f"severity {severity} is below {gate}, from which a {kind} opens a record"


def find_cluster(times: Sequence[datetime], count: int, window_days: int) -> list[int]:
    """R54: the positions of the first `count` of these times, or more, that lie within one window; none where there
    are no such. In whatever order they come."""
    order = sorted(range(len(times)), key=lambda position: times[position])
    window = timedelta(days=window_days)
    for first in range(len(order) - count + 1):
        begin = times[order[first]]
        within = [position for position in order[first:] if times[position] - begin <= window]
        if len(within) >= count:
            return within
    return []


def say_cluster(scores: Sequence[int], times: Sequence[datetime], window_days: int) -> str:
    """The scores that open a record together, in numbers."""
    mean = sum(scores) / len(scores)
    return (
        f"{len(scores)} low scores within {window_days} days, from {min(times):%Y-%m-%d} to {max(times):%Y-%m-%d}: "
        f"mean {mean:.2f} of 5, lowest {min(scores)}."
    )
