"""Which time may be proposed not to count, and who decides (R168); pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.metrics.agreements.rules import Party
from shared.problems import Problem

State = Literal["proposed", "agreed", "refused", "withdrawn"]


class UnknownExemption(Problem):
    """Only what the agreement exempts can be excluded."""

    status = 422


class UnsoundInterval(Problem):
    """Not a stretch of time of this agreement that has passed."""

    status = 422


class OverlappingExclusion(Problem):
    """This time is proposed or agreed already."""

    status = 409


class WrongParty(Problem):
    """The other party decides."""

    status = 409


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that an exclusion is about; None is for every clause, or every ticket."""

    id: UUID
    clause_id: UUID | None
    begins_at: datetime
    ends_at: datetime
    tickets: frozenset[UUID] | None


def check_exemption(exemption: str, known: Collection[str]) -> None:
    """Raises `UnknownExemption`."""
    if exemption not in known:
        having = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise UnknownExemption(f"exemption: the agreement has no {exemption!r}; {having}")


def check_interval(
    begins_at: datetime, ends_at: datetime, term_begins: datetime, term_ends: datetime, now: datetime
) -> None:
    """Raises `UnsoundInterval`: an order that cannot be, time to come, or time outside of the agreement's term."""
    if begins_at >= ends_at:
        raise UnsoundInterval(f"begins_at ({begins_at.isoformat()}) must lie before ends_at ({ends_at.isoformat()})")
    if ends_at > now:
        raise UnsoundInterval(
            f"ends_at ({ends_at.isoformat()}) has not come yet; what lasts is proposed up to now ({now.isoformat()})"
        )
    if begins_at < term_begins or ends_at > term_ends:
        raise UnsoundInterval(
            f"begins_at, ends_at: the agreement counts from {term_begins.isoformat()} to {term_ends.isoformat()}; "
            "propose what lies within"
        )


def find_overlaps(new: Stretch, others: Iterable[Stretch]) -> list[UUID]:
    """Those of the others that are about some of the same time, clauses and tickets."""
    return [
        other.id
        for other in others
        if other.begins_at < new.ends_at
        and new.begins_at < other.ends_at
        and (other.clause_id is None or new.clause_id is None or other.clause_id == new.clause_id)
        and (other.tickets is None or new.tickets is None or not other.tickets.isdisjoint(new.tickets))
    ]


def other_party(side: Party) -> Party:
    """R168: who decides on what this side proposed."""
    return "customer" if side == "provider" else "provider"
