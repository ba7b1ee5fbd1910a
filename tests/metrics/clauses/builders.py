"""Calendars, clauses and tickets for tests: what a test does not say is something plain."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.metrics.clauses.clause import Clause
from services.metrics.clauses.terms import Penalty, Terms
from services.metrics.tickets import rules as tickets
from services.metrics.tickets.rules import Ticket
from shared.calendars import Calendar
from shared.ids import new_id
from tests.support.tickets import MONDAY, facts

OFFICE = Calendar("UTC", (((time(9), time(17)),),) * 5 + ((), ()))
"""Monday to Friday, 9 to 17 o'clock."""


def clause(terms: Terms, **values: Any) -> Clause:
    """A clause of agreement A-1 with the customer acme, settled monthly through 2026."""
    return Clause(
        **{
            "id": new_id(),
            "agreement_id": new_id(),
            "number": "A-1",
            "key": "response",
            "title": "Response",
            "terms": terms,
            "penalty": None,
            "measure_key": None,
            "customer": "acme",
            "project": None,
            "services": frozenset(),
            "calendar": "office",
            "settled_by": "monthly",
            "fee": Decimal("1000.00"),
            "currency": "EUR",
            "penalty_cap_percent": None,
            "effective_from": date(2026, 1, 1),
            "effective_to": date(2026, 12, 31),
            "owner": "pm",
            **values,
        }
    )


def ticket(state: str = "new", hours: float = 0, **values: Any) -> Ticket:
    """Acme's ticket, opened on Monday 2026-03-02 at 9 o'clock, as its one update left it."""
    update = facts(state, hours, **{"customer": "acme", **values})
    return tickets.apply(tickets.begin(new_id(), update), update)[0]


def minutes(amount: float) -> timedelta:
    return timedelta(minutes=amount)


def on(day: int, hour: int = 0, minute: int = 0, month: int = 3) -> datetime:
    """In March 2026, whose 2nd is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


__all__ = ["MONDAY", "OFFICE", "UUID", "Penalty", "clause", "minutes", "on", "ticket"]
