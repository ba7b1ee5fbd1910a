"""Use cases of tickets: take updates, tell what happened, mark the months that must be computed again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.clauses.service import follow
from services.metrics.evaluation.repository import mark_dirty
from services.metrics.measures.periods import Basis
from services.metrics.settings import settings
from services.metrics.tickets import repository, rules
from services.metrics.tickets.rules import Change, Ticket
from shared import clock
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

Key = tuple[str, str]
_MOST_BY_SCOPE = 100
"""Larger batches touch so many scopes that naming them costs more than computing all."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many updates were taken, how many tickets they changed, and of each update whether it changed its ticket."""

    accepted: int
    changed: int
    moved: tuple[bool, ...]


async def ingest(session: AsyncSession, updates: Sequence[TicketFacts]) -> Ingested:
    """Apply updates in this order, in the caller's transaction; each state change of an incident is an event.

    A new ticket that somebody else inserts at the same moment is read again, and its updates applied to theirs.
    """
    changes: list[Change] = []
    moved: list[Ticket] = []
    marks: dict[tuple[Basis, date], set[str] | None] = {}
    by_scope = len(updates) <= _MOST_BY_SCOPE
    zone, now = settings().zone, clock.now()
    by_update = [False] * len(updates)
    waiting = list(enumerate(updates))
    while waiting:
        stored = await repository.lock_tickets(session, {_key(facts) for _, facts in waiting})
        current, brought = _apply_all(stored, waiting, by_update)
        new = [ticket for key, ticket in current.items() if key not in stored]
        inserted = await repository.insert_tickets(session, new)
        lost = {(ticket.source, ticket.external_id) for ticket in new if ticket.id not in inserted}
        differing = [ticket for key, ticket in current.items() if key in stored and ticket != stored[key]]
        await repository.update_tickets(session, differing)
        for key, ticket in current.items():
            if key not in lost and ticket != stored.get(key):
                before = stored.get(key)
                scopes = rules.touched_scopes(before, ticket) if by_scope else None
                for period in rules.touched_periods(before, ticket, zone, now):
                    _touch(marks, period, scopes)
                moved.append(ticket)
        changes += [change for change in brought if (change.ticket.source, change.ticket.external_id) not in lost]
        waiting = [(index, facts) for index, facts in waiting if _key(facts) in lost]
    await mark_dirty(session, marks)
    origin = current_origin.get()
    await record_all(session, [_draft(change, origin) for change in changes if change.ticket.kind == "incident"])
    await follow(session, moved, changes)
    return Ingested(len(updates), len(moved), tuple(by_update))


def _touch(
    marks: dict[tuple[Basis, date], set[str] | None], period: tuple[Basis, date], scopes: set[str] | None
) -> None:
    if scopes is None:
        marks[period] = None
        return
    known = marks.setdefault(period, set())
    if known is not None:
        known |= scopes


def _apply_all(
    stored: dict[Key, Ticket], updates: Sequence[tuple[int, TicketFacts]], by_update: list[bool]
) -> tuple[dict[Key, Ticket], list[Change]]:
    current = dict(stored)
    changes: list[Change] = []
    for index, facts in updates:
        key = _key(facts)
        before = current.get(key) or rules.begin(new_id(), facts)
        current[key], brought = rules.apply(before, facts)
        by_update[index] = current[key] != before
        changes += brought
    return current, changes


def _key(facts: TicketFacts) -> Key:
    return facts.source, facts.external_id


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
