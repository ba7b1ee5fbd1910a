"""What every use case of complaints does: find it, ask whether the step may be taken, write, add to its timeline,
tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import moves, repository, rules
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Principal, Role
from shared.events.complaints import ComplaintClass
from shared.events.envelope import Fact
from shared.outbox import record
from shared.problems import NotFound, Problem
from shared.working_days import find_end

MANAGERS = frozenset({Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.MANAGEMENT_REPRESENTATIVE})
CALLERS = (Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER)
"""R51: the service centre, which makes the follow-up call."""
NO_OFFER: Mapping[str, Any] = {"offered_to": None, "offered_by": None, "offer_ends_at": None}
ITSELF = "service:satisfaction"
"""Who acts where nobody does."""
PUBLIC = "complainant"
"""Who acts where somebody reaches us without signing in."""
_TOLD = (
    "complaint_class", "title", "description", "channel", "anonymous", "complainant", "customer", "service", "project",
    "department", "ticket_id", "external_id", "owner", "received_by", "received_at", "due_at", "measure_key", "scope",
)  # fmt: skip


class ComplaintNotFound(NotFound):
    pass


@dataclass(frozen=True, slots=True)
class Work:
    """Who acts, when, and by which settings."""

    session: AsyncSession
    actor: str
    now: datetime
    settings: SatisfactionSettings
    is_manager: bool = False
    makes_calls: bool = False

    @classmethod
    def of(cls, session: AsyncSession, caller: Principal, now: datetime, settings: SatisfactionSettings) -> "Work":
        is_manager, makes_calls = (not caller.roles.isdisjoint(roles) for roles in (MANAGERS, CALLERS))
        return cls(session, caller.subject, now, settings, is_manager, makes_calls)

    def check(self, step: str, row: Row[Any], missing: Sequence[str] = ()) -> None:
        """Whether the actor may take this step now. Raises whatever `moves.check_step` does."""
        most = self.settings.complaint_pass_ons
        moves.check_step(step, moves.Situation.of(row), self.mover, self.now, most, tuple(missing))

    def find_refusal(self, step: str, row: Row[Any], missing: Sequence[str] = ()) -> Problem | None:
        """The same as a verdict."""
        try:
            self.check(step, row, missing)
        except Problem as refusal:
            return refusal
        return None

    @property
    def mover(self) -> moves.Mover:
        return moves.Mover(self.actor, self.is_manager, self.makes_calls)

    def end_of(self, limit: str, start: datetime | None = None) -> datetime:
        """When a limit that begins now, or at `start`, ends."""
        begin = start or self.now
        return find_end(self.settings.calendar_at(begin), begin, limit)

    def deadlines_of(self, complaint_class: ComplaintClass, start: datetime) -> dict[str, datetime]:
        limits: dict[str, str] = dict(self.settings.complaint_limits[complaint_class].items())
        calendar = self.settings.calendar_at(start)
        return rules.compute_deadlines(limits, start, calendar)

    def call_by(self, row: Row[Any], complaint_class: ComplaintClass) -> datetime | None:
        """R51: until when the customer is called about an answer that they get now; None where nobody calls."""
        limit = self.settings.complaint_limits[complaint_class].get("follow_up")
        return None if limit is None or row.anonymous else self.end_of(limit)

    def describe(self, row: Row[Any]) -> dict[str, Any]:
        """What every event of this complaint says."""
        told = {name: getattr(row, name) for name in _TOLD}
        base = self.settings.public_url.rstrip("/")
        url = f"{base}/satisfaction/complaints/{row.id}" if base else None
        return {**told, "complaint_id": row.id, "number": rules.format_number(row.number), "url": url}


async def get(session: AsyncSession, complaint_id: UUID) -> Row[Any]:
    """Raises `ComplaintNotFound`."""
    row = await repository.find(session, complaint_id)
    if row is None:
        raise ComplaintNotFound(f"no complaint {complaint_id}")
    return row


async def lock(session: AsyncSession, complaint_id: UUID) -> Row[Any]:
    """The same, held until the transaction ends. Raises `ComplaintNotFound`."""
    row = await repository.lock(session, complaint_id)
    if row is None:
        raise ComplaintNotFound(f"no complaint {complaint_id}")
    return row


async def step(
    work: Work,
    row: Row[Any],
    kind: rules.Entry,
    values: Mapping[str, Any],
    note: str | None = None,
    detail: Mapping[str, Any] | None = None,
    public: bool = False,
    tell: Callable[[Row[Any]], Fact] | None = None,
) -> Row[Any]:
    """Write the complaint, add to its timeline, and tell of it. Returns it as it is now."""
    sequence = row.sequence + (tell is not None)
    stamps = {"version": row.version + 1, "sequence": sequence, "updated_at": work.now}
    new = await repository.save(work.session, row.id, {**values, **stamps})
    entry = {
        "complaint_id": row.id,
        "kind": kind,
        "at": work.now,
        "by": work.actor,
        "note": note,
        "detail": dict(detail or {}),
        "public": public,
    }
    await repository.add_entry(work.session, entry)
    if tell is not None:
        await record(work.session, tell(new), subject=new.id, sequence=sequence, correlation_id=new.id)
    return new


def keep_until(work: Work) -> datetime | None:
    """R196: how long what is settled now is kept; None: for good."""
    days = work.settings.complaint_retention_days
    return work.now + timedelta(days=days) if days else None
