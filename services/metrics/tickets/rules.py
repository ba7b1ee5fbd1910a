"""How a ticket's facts follow from one update to the next. Several systems send no old value, some send updates twice,
late or out of order: a state change is what differs from the stored state, so a repeat changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.metrics.measures.periods import Basis, local_day, month_of, months_between
from services.metrics.measures.rules import DIMENSIONS
from shared.ticketing.facts import DONE, IncidentClass, Kind, State, TicketFacts

Pauses = list[list[str | None]]
Happening = Literal["opened", "responded", "resolved", "reopened", "closed"]


class Ticket(NamedTuple):
    """A ticket as stored. A tuple: a batch of a thousand makes, compares and takes apart several thousand of them.

    `resolved_at` is the present resolution (none while it is open again); `last_resolved_at` the last update in which
    the source called it resolved, which a reopen leaves; `version` counts the events told of it. `pauses` are the spans
    in which it was pending, as ISO times, the last one open while it is; None when it never was.
    """

    id: UUID
    source: str
    external_id: str
    kind: Kind
    state: State
    updated_at: datetime
    update_number: int | None
    title: str | None
    priority: str | None
    service: str | None
    customer: str | None
    project: str | None
    group: str | None
    resolver: str | None
    category: str | None
    cause: str | None
    incident_class: IncidentClass | None
    opened_at: datetime
    failed_at: datetime | None
    due_at: datetime | None
    pauses: Pauses | None
    responded_at: datetime | None
    resolved_at: datetime | None
    last_resolved_at: datetime | None
    closed_at: datetime | None
    reported_resolved_at: datetime | None
    resolution_number: int
    reopen_count: int
    reported_reopen_count: int | None
    sla_met: bool | None
    version: int


@dataclass(frozen=True, slots=True)
class Change:
    """One state change, with the ticket as it stood right after it. `undone_at` is the time of the resolution that a
    reopen undid."""

    happening: Happening
    at: datetime
    ticket: Ticket
    undone_at: datetime | None = None


def begin(ticket_id: UUID, facts: TicketFacts) -> Ticket:
    """A ticket nobody heard of before: new, whatever its first update says next."""
    return Ticket(
        id=ticket_id,
        source=facts.source,
        external_id=facts.external_id,
        kind=facts.kind,
        state="new",
        updated_at=facts.opened_at,
        update_number=None,
        title=None,
        priority=None,
        service=None,
        customer=None,
        project=None,
        group=None,
        resolver=None,
        category=None,
        cause=None,
        incident_class=None,
        opened_at=facts.opened_at,
        failed_at=None,
        due_at=None,
        pauses=None,
        responded_at=None,
        resolved_at=None,
        last_resolved_at=None,
        closed_at=None,
        reported_resolved_at=None,
        resolution_number=0,
        reopen_count=0,
        reported_reopen_count=None,
        sla_met=None,
        version=0,
    )


def apply(ticket: Ticket, facts: TicketFacts) -> tuple[Ticket, list[Change]]:
    """The ticket after this update, and the state changes that it brought, in order.

    A late update changes nothing, with one exception: the resolution of a ticket that was closed meanwhile, which
    would otherwise never get its callback (R59).
    """
    is_first = ticket.version == 0
    changes: list[Change] = []
    if not is_first and is_late(ticket, facts):
        if facts.state == "resolved" and ticket.state == "closed" and ticket.resolution_number == 0:
            ticket = _resolve(ticket, facts, changes, ticket.state)
        return ticket, changes
    described = _describe(ticket, facts)
    if is_first:
        described = _tell(described, "opened", facts.opened_at, changes)
    if _is_echo(ticket, facts):
        return described if is_first else ticket, changes
    return _move(described, facts, changes), changes


def is_late(ticket: Ticket, facts: TicketFacts) -> bool:
    """Whether the stored state is newer than these facts.

    Time decides, and the source's counter where times are equal. Both have been seen to be wrong by themselves, so an
    earlier time with a higher number is no late update.
    """
    numbers = None
    if facts.update_number is not None and ticket.update_number is not None:
        numbers = facts.update_number - ticket.update_number
    if facts.updated_at == ticket.updated_at:
        return numbers is not None and numbers < 0
    return facts.updated_at < ticket.updated_at and (numbers is None or numbers <= 0)


def _is_echo(ticket: Ticket, facts: TicketFacts) -> bool:
    """Whether an update of the very time of the last one, without a number to order the two, would take the ticket in
    and out of resolution at one instant: then it is the earlier of the two, delivered again."""
    ordered = facts.update_number is not None and ticket.update_number is not None
    if ordered or facts.updated_at != ticket.updated_at or ticket.version == 0:
        return False
    resolved_then = ticket.last_resolved_at == _resolution_time(facts)
    if facts.state == "resolved":
        return ticket.state not in DONE and resolved_then
    return facts.state not in DONE and ticket.state in DONE and ticket.last_resolved_at == facts.updated_at


def _describe(ticket: Ticket, facts: TicketFacts) -> Ticket:
    """Take over what the source says of the ticket; what it does not say stays."""
    return ticket._replace(
        updated_at=facts.updated_at,
        update_number=facts.update_number,
        title=facts.title or ticket.title,
        priority=facts.priority or ticket.priority,
        service=facts.service or ticket.service,
        customer=facts.customer or ticket.customer,
        project=facts.project or ticket.project,
        group=facts.group or ticket.group,
        resolver=facts.resolver or ticket.resolver,
        category=facts.category or ticket.category,
        cause=facts.cause or ticket.cause,
        incident_class=facts.incident_class or ticket.incident_class,
        opened_at=facts.opened_at,
        failed_at=facts.failed_at or ticket.failed_at,
        due_at=facts.due_at or ticket.due_at,
        reported_resolved_at=facts.reported_resolved_at or ticket.reported_resolved_at,
        reported_reopen_count=_later(facts.reported_reopen_count, ticket.reported_reopen_count),
        sla_met=ticket.sla_met if facts.sla_met is None else facts.sla_met,
    )


def _move(ticket: Ticket, facts: TicketFacts, changes: list[Change]) -> Ticket:
    """From the stored state to the one that the facts tell."""
    if facts.state not in DONE and ticket.state in DONE:
        ticket = _reopen(ticket, facts, changes)
    ticket = _respond(ticket, facts, changes)
    pauses = _pause(ticket.pauses, facts.state == "pending", facts.updated_at)
    if pauses is not ticket.pauses:
        ticket = ticket._replace(pauses=pauses)
    if facts.state == "resolved":
        if ticket.state not in DONE or ticket.resolved_at is None:
            return _resolve(ticket, facts, changes, "resolved")
        return ticket._replace(state="resolved", closed_at=None, last_resolved_at=_resolution_time(facts))
    if facts.state in DONE:
        return _close(ticket, facts, changes)
    return ticket._replace(state=facts.state)


def _pause(pauses: Pauses | None, is_pending: bool, at: datetime) -> Pauses | None:
    """A pause begins with the first update that says pending and ends with the next that does not (R112)."""
    spans = pauses or []
    is_open = bool(spans) and spans[-1][1] is None
    if is_pending == is_open:
        return pauses
    if is_pending:
        return [*spans, [at.isoformat(), None]]
    return [*spans[:-1], [spans[-1][0], at.isoformat()]]


def _respond(ticket: Ticket, facts: TicketFacts, changes: list[Change]) -> Ticket:
    """F2: somebody took it up, at the time that the source says or when it first left `new`."""
    if ticket.responded_at is not None:
        return ticket
    at = facts.responded_at or (facts.updated_at if facts.state in ("in_progress", "pending") else None)
    if at is None:
        return ticket
    return _tell(ticket, "responded", at, changes, responded_at=at)


def _resolve(ticket: Ticket, facts: TicketFacts, changes: list[Change], state: State) -> Ticket:
    at = _resolution_time(facts)
    return _tell(
        ticket,
        "resolved",
        at,
        changes,
        state=state,
        resolved_at=at,
        last_resolved_at=at,
        resolution_number=ticket.resolution_number + 1,
        reported_resolved_at=ticket.reported_resolved_at if facts.has_resolution_field else at,
    )


def _close(ticket: Ticket, facts: TicketFacts, changes: list[Change]) -> Ticket:
    """Closed is not resolved; only a source that says when it was resolved has it resolved by closing."""
    if facts.state == "closed" and ticket.resolved_at is None and facts.resolved_at is not None:
        ticket = _resolve(ticket, facts, changes, "resolved")
    if ticket.state == facts.state:
        return ticket
    at = facts.closed_at or facts.updated_at
    return _tell(ticket, "closed", at, changes, state=facts.state, closed_at=at)


def _reopen(ticket: Ticket, facts: TicketFacts, changes: list[Change]) -> Ticket:
    return _tell(
        ticket,
        "reopened",
        facts.updated_at,
        changes,
        undone_at=ticket.resolved_at,
        state=facts.state,
        resolved_at=None,
        closed_at=None,
        sla_met=facts.sla_met,
        reopen_count=ticket.reopen_count + 1,
    )


def _tell(
    ticket: Ticket,
    happening: Happening,
    at: datetime,
    changes: list[Change],
    undone_at: datetime | None = None,
    **values: Any,
) -> Ticket:
    told = ticket._replace(version=ticket.version + 1, **values)
    changes.append(Change(happening, at, told, undone_at))
    return told


def _resolution_time(facts: TicketFacts) -> datetime:
    return facts.resolved_at or facts.updated_at


def _later(new: int | None, old: int | None) -> int | None:
    if new is None or old is None:
        return old if new is None else new
    return max(new, old)


def touched_periods(before: Ticket | None, after: Ticket, zone: tzinfo, now: datetime) -> set[tuple[Basis, date]]:
    """The months whose values may differ after this change, by each basis on which a measure counts. An interruption
    touches every month from the fault on: those after its end were without it, which is a value too."""
    periods: set[tuple[Basis, date]] = set()
    for ticket in (before, after):
        if ticket is None:
            continue
        times: dict[Basis, datetime | None] = {
            "opened": ticket.opened_at,
            "resolved": ticket.resolved_at,
            "closed": ticket.closed_at,
        }
        periods |= {(basis, month_of(local_day(at, zone))) for basis, at in times.items() if at is not None}
        if ticket.incident_class == "interruption":
            first = ticket.failed_at or ticket.opened_at
            months = months_between(local_day(first, zone), local_day(max(first, now), zone))
            periods |= {("interrupted", month) for month in months}
    return periods


def touched_scopes(before: Ticket | None, after: Ticket) -> set[str]:
    """The single `dimension=value` that the ticket belongs to, or did."""
    return {
        f"{dimension}={getattr(ticket, dimension)}"
        for ticket in (before, after)
        if ticket is not None
        for dimension in DIMENSIONS
        if getattr(ticket, dimension) is not None
    }
