"""Use cases of complaints: receive, read, mend; and what every step does: write, add to the timeline, tell."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.schemas import ComplaintEdit, NewComplaint
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Principal, Role
from shared.events.complaints import ComplaintClass, ComplaintReceived
from shared.events.envelope import Fact
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Malformed, NotFound
from shared.working_days import find_end

MANAGERS = frozenset({Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.MANAGEMENT_REPRESENTATIVE})
PUBLIC = "complainant"
"""Who acts where somebody reaches us without signing in."""
_TOLD = (
    "complaint_class", "title", "description", "channel", "anonymous", "complainant", "customer", "service", "project",
    "department", "ticket_id", "external_id", "owner", "received_by", "received_at", "due_at", "measure_key", "scope",
)  # fmt: skip
_ORIGINAL = (
    "title", "description", "channel", "complaint_class", "anonymous", "complainant", "contact", "customer", "service",
    "project", "department", "ticket_id", "external_id", "measure_key", "scope",
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

    @classmethod
    def of(cls, session: AsyncSession, caller: Principal, now: datetime, settings: SatisfactionSettings) -> "Work":
        return cls(session, caller.subject, now, settings, not caller.roles.isdisjoint(MANAGERS))

    def end_of(self, limit: str, start: datetime | None = None) -> datetime:
        """When a limit that begins now, or at `start`, ends."""
        begin = start or self.now
        return find_end(self.settings.calendar_at(begin), begin, limit)

    def deadlines_of(self, complaint_class: ComplaintClass, start: datetime) -> dict[str, datetime]:
        limits: dict[str, str] = dict(self.settings.complaint_limits[complaint_class].items())
        calendar = self.settings.calendar_at(start)
        return rules.compute_deadlines(limits, start, calendar)


async def receive(work: Work, new: NewComplaint, owner: str | None) -> tuple[Row[Any], str]:
    """R182, R193, R198: `owner` is the first receiver; None where nobody of the staff has it yet. Returns it with the
    complainant's secret, which is known only here.

    Raises:
        Nameless, TimeInFuture, NoWorkingTime
    """
    if new.anonymous and (new.complainant or new.contact or new.customer):
        raise rules.Nameless("an anonymous complaint names no complainant, contact or customer; leave them out")
    received_at = new.received_at or work.now
    rules.check_past(received_at, work.now)
    due = work.deadlines_of(new.complaint_class, received_at)
    id_, token = new_id(), secrets.token_urlsafe(32)
    await repository.add(
        work.session,
        {
            **{name: getattr(new, name) for name in _ORIGINAL},
            "id": id_,
            "version": 0,
            "sequence": 0,
            "state": "open",
            "token_hash": rules.hash_token(token),
            "received_by": work.actor,
            "received_at": received_at,
            "due_at": due["answer"],
            "owner": owner,
            "pass_ons": 0,
            "escalations": 0,
            "round": 1,
            "rejections": 0,
            "held": False,
            "updated_at": work.now,
        },
    )
    await repository.add_deadlines(work.session, id_, due)
    row = await lock(work.session, id_)
    detail = {"complaint_class": new.complaint_class, "channel": new.channel}
    row = await step(work, row, "received", {}, detail=detail, public=True, tell=_tell_received(work))
    return row, token


def _tell_received(work: Work) -> Callable[[Row[Any]], Fact]:
    return lambda row: ComplaintReceived(**describe(row, work.settings))


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


async def edit(work: Work, row: Row[Any], change: ComplaintEdit) -> Row[Any]:
    """Mend what was written down; the timeline keeps what it was.

    Raises:
        LegalHold, Nameless, IllegalTransition, Malformed
    """
    rules.check("edit", row.state)
    if row.held:
        raise rules.LegalHold("a dispute runs: the original data stay as they are until it is settled; add a note")
    values = change.model_dump(exclude_unset=True)
    if any(name in values and values[name] is None for name in ("title", "description")):
        raise Malformed("title and description cannot be taken away; give new ones or leave them out")
    if row.anonymous and any(values.get(name) for name in ("complainant", "contact", "customer")):
        raise rules.Nameless("this complaint is anonymous: it names no complainant, contact or customer")
    changed = {name: value for name, value in values.items() if value != getattr(row, name)}
    if not changed:
        return row
    detail = {"before": {name: _plain(getattr(row, name)) for name in changed}}
    return await step(work, row, "edited", changed, detail=detail)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


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


def describe(row: Row[Any], settings: SatisfactionSettings) -> dict[str, Any]:
    """What every event of this complaint says."""
    told = {name: getattr(row, name) for name in _TOLD}
    url = f"{settings.public_url.rstrip('/')}/satisfaction/complaints/{row.id}" if settings.public_url else None
    return {**told, "complaint_id": row.id, "number": rules.format_number(row.number), "url": url}


def keep_until(work: Work) -> datetime | None:
    """R196: how long what is settled now is kept; None: for good."""
    days = work.settings.complaint_retention_days
    return work.now + timedelta(days=days) if days else None
