"""How the danger to a clause is told as an event."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.metrics.clauses.clause import Clause
from services.metrics.clauses.repository import Timer
from services.metrics.clauses.terms import TimeTerms
from services.metrics.tickets.rules import Ticket
from shared.events.clauses import ClauseAtRisk, ClauseBreached, ClauseFact
from shared.events.envelope import Draft, Origin, current_origin


def of_timer(contract: type[ClauseFact], clause: Clause, timer: Timer, ticket: Ticket) -> Draft:
    """Of one ticket's clock, in the ticket's story."""
    return _draft(
        contract,
        clause,
        timer.id,
        timer.version,
        ticket.id,
        timer_id=timer.id,
        ticket_id=ticket.id,
        source=ticket.source,
        external_id=ticket.external_id,
        ticket_title=ticket.title,
        priority=ticket.priority,
        service=ticket.service,
        group=ticket.group,
        started_at=timer.started_at,
        due_at=timer.due_at,
        used=timer.elapsed_minutes,
        allowed=_limit(clause),
    )


def of_rows(breached: Sequence[Row[Any]], at_risk: Sequence[Row[Any]], clauses: Mapping[UUID, Clause]) -> list[Draft]:
    """Of clocks that were taken together with their tickets."""
    drafts: list[Draft] = []
    for contract, rows in ((ClauseBreached, breached), (ClauseAtRisk, at_risk)):
        for row in rows:
            clause = clauses[row.clause_id]
            limit = _limit(clause)
            assert isinstance(clause.terms, TimeTerms)
            drafts.append(
                _draft(
                    contract,
                    clause,
                    row.timer_id,
                    row.version,
                    row.ticket_id,
                    timer_id=row.timer_id,
                    ticket_id=row.ticket_id,
                    source=row.source,
                    external_id=row.external_id,
                    ticket_title=row.title,
                    priority=row.priority,
                    service=row.service,
                    group=row.group,
                    started_at=row.started_at,
                    due_at=row.due_at,
                    used=limit if contract is ClauseBreached else limit * clause.terms.warn_at,
                    allowed=limit,
                )
            )
    return drafts


def of_standing(
    contract: type[ClauseFact],
    clause: Clause,
    version: int,
    period: date,
    due_at: datetime | None,
    used: float | None,
    allowed: float | None,
) -> Draft:
    """Of a clause without clocks, in the agreement's story."""
    return _draft(
        contract,
        clause,
        clause.id,
        version,
        clause.agreement_id,
        period=period,
        due_at=due_at,
        used=used,
        allowed=allowed,
    )


def _limit(clause: Clause) -> float:
    assert isinstance(clause.terms, TimeTerms)
    assert clause.terms.within_minutes is not None
    return float(clause.terms.within_minutes)


def _draft(contract: type[ClauseFact], clause: Clause, subject: UUID, version: int, story: UUID, **facts: Any) -> Draft:
    fact = contract(
        agreement_id=clause.agreement_id,
        agreement_number=clause.number,
        customer=clause.customer,
        clause_id=clause.id,
        clause_key=clause.key,
        clause_title=clause.title,
        measure_key=clause.measure_key,
        owner=clause.owner,
        promises=clause.what,
        **facts,
    )
    origin = current_origin.get()
    return Draft(fact, str(subject), version, Origin(origin.actor, str(story), origin.causation_id, origin.traceparent))
