"""Use cases of tickets: take updates, tell what happened, mark the months that must be computed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures import repository as measures
from services.metrics.measures.periods import Basis
from services.metrics.tickets import repository, rules
from services.metrics.tickets.rules import Change, Ticket
from shared.events.envelope import Draft, Origin, current_origin
from shared.events.metrics import (
    IncidentClosed,
    IncidentFact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentResponded,
)
from shared.ids import new_id
from shared.outbox import record_all
from shared.ticketing.facts import TicketFacts

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many updates were taken, and how many tickets they changed."""

    accepted: int
    changed: int


class _LostRace(Exception):
    """Somebody else inserted one of these tickets at the same time."""


async def ingest(session: AsyncSession, updates: Sequence[TicketFacts]) -> Ingested:
    """Apply updates in this order, in the caller's transaction; each state change of an incident is an event."""
    for attempt in range(_ATTEMPTS):
        try:
            async with session.begin_nested():
                return await _ingest(session, updates)
        except _LostRace:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


async def _ingest(session: AsyncSession, updates: Sequence[TicketFacts]) -> Ingested:
    keys = {(facts.source, facts.external_id) for facts in updates}
    stored = await repository.lock_tickets(session, keys)
    current = dict(stored)
    changes: list[Change] = []
    for facts in updates:
        key = (facts.source, facts.external_id)
        before = current.get(key) or rules.begin(new_id(), facts)
        current[key], brought = rules.apply(before, facts)
        changes += brought
    new = [ticket for key, ticket in current.items() if key not in stored]
    changed = [ticket for key, ticket in current.items() if key in stored and ticket != stored[key]]
    if await repository.insert_tickets(session, new) != len(new):
        raise _LostRace
    await repository.update_tickets(session, changed)
    touched: set[tuple[Basis, date]] = set()
    for ticket in (*new, *changed):
        touched |= rules.touched_periods(stored.get((ticket.source, ticket.external_id)), ticket)
    await measures.mark_dirty(session, touched)
    actor = current_origin.get()
    await record_all(session, [_draft(change, actor) for change in changes if change.ticket.kind == "incident"])
    return Ingested(len(updates), len(new) + len(changed))


def _draft(change: Change, origin: Origin) -> Draft:
    """The event of one state change; its story is the ticket's."""
    ticket_id = str(change.ticket.id)
    story = Origin(origin.actor, ticket_id, origin.causation_id, origin.traceparent)
    return Draft(_fact(change), ticket_id, change.ticket.version, story)


def _fact(change: Change) -> IncidentFact:
    facts = _common(change.ticket)
    match change.happening:
        case "opened":
            return IncidentOpened(**facts)
        case "responded":
            return IncidentResponded(**facts, responded_at=change.at)
        case "resolved":
            return IncidentResolved(**facts, resolved_at=change.at)
        case "reopened":
            return IncidentReopened(**facts, reopened_at=change.at, resolved_at=change.undone_at)
        case "closed":
            return IncidentClosed(**facts, closed_at=change.at, resolved_at=change.ticket.resolved_at)


def _common(ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket_id": ticket.id,
        "source": ticket.source,
        "external_id": ticket.external_id,
        "title": ticket.title,
        "priority": ticket.priority,
        "service": ticket.service,
        "customer": ticket.customer,
        "project": ticket.project,
        "group": ticket.group,
        "resolver": ticket.resolver,
        "category": ticket.category,
        "cause": ticket.cause,
        "opened_at": ticket.opened_at,
        "resolution_number": ticket.resolution_number,
    }
