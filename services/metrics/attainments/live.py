"""Where the clauses of an agreement stand at this moment (R86, R112)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.attainments import rules, service
from services.metrics.attainments.rules import Outcome, State
from services.metrics.clauses import repository as clauses
from services.metrics.clauses.clause import Clause
from services.metrics.clauses.schemas import LiveAgreement, LiveClause, OpenTickets
from services.metrics.clauses.terms import TimeTerms, promise_of
from services.metrics.measures.periods import local_day, next_period, period_of
from services.metrics.settings import settings

_ORDER: tuple[State, ...] = ("on_track", "at_risk", "breached")


async def look_at(session: AsyncSession, agreement: Row[Any], now: datetime) -> LiveAgreement:
    """Every clause, computed from the facts as they are now; of an agreement that has ended, its last period."""
    known = await clauses.list_clauses(session, agreement_id=agreement.id)
    last = min([local_day(now, settings().zone), *(clause.effective_to for clause in known)])
    period = period_of(agreement.settled_by, max(last, agreement.effective_from))
    running = await clauses.count_running(session, [clause.id for clause in known])
    agreed = await service.list_agreed(session, agreement.id)
    views = []
    for clause in known:
        outcome = await service.assess(session, clause, period, agreed, now)
        counts = {state: running.get((clause.id, state), 0) for state in _ORDER}
        views.append(_view(clause, outcome, OpenTickets(**counts) if clause.clocks_tickets else None, now))
    return LiveAgreement(
        agreement_id=agreement.id,
        number=agreement.number,
        customer=agreement.customer,
        period=period,
        period_end=next_period(agreement.settled_by, period),
        state=max((view.state for view in views), key=_ORDER.index, default="on_track"),
        clauses=views,
    )


def _view(clause: Clause, outcome: Outcome, tickets: OpenTickets | None, now: datetime) -> LiveClause:
    promise = promise_of(clause.terms)
    state = rules.stand(clause.terms, outcome, now) if tickets is None else _of_tickets(clause, outcome, tickets)
    return LiveClause(
        clause_id=clause.id,
        key=clause.key,
        title=clause.title,
        terms=clause.terms,
        state=state,
        unit=promise.unit,
        target=promise.target,
        value=outcome.adjusted.value,
        n=outcome.adjusted.n,
        used=outcome.used,
        allowed=outcome.allowed,
        due_at=outcome.due_at,
        tickets=tickets,
    )


def _of_tickets(clause: Clause, outcome: Outcome, tickets: OpenTickets) -> State:
    """A share is breached while it is below the promise, and at risk while an open ticket is."""
    terms = clause.terms
    assert isinstance(terms, TimeTerms)
    assert terms.attainment is not None
    value = outcome.adjusted.value
    if value is not None and value < terms.attainment:
        return "breached"
    return "at_risk" if tickets.at_risk or tickets.breached else "on_track"
