"""A clause in operation, with what its agreement says of all of them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row

from services.metrics.clauses.terms import CountTerms, FrequencyTerms, FulfilmentTerms, Penalty, Terms, TimeTerms
from services.metrics.measures.periods import Frequency

_TERMS: TypeAdapter[TimeTerms | CountTerms | FrequencyTerms | FulfilmentTerms] = TypeAdapter(Terms)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. `services` are those of the whole agreement, empty for all; `calendar` is a calendar's key; `fee`
    is the fee of one period, of which `settled_by` says how long it is. It counts from `effective_from` to
    `effective_to`, both included, or to the day on which the agreement ended before."""

    id: UUID
    agreement_id: UUID
    number: str
    key: str
    title: str
    terms: TimeTerms | CountTerms | FrequencyTerms | FulfilmentTerms
    penalty: Penalty | None
    measure_key: str | None
    customer: str
    project: str | None
    services: frozenset[str]
    calendar: str
    settled_by: Frequency
    fee: Decimal
    currency: str
    penalty_cap_percent: float | None
    effective_from: date
    effective_to: date
    owner: str

    @property
    def what(self) -> str:
        """What it promises: `response`, `downtime` …, or its kind where that says it all."""
        return self.terms.what if isinstance(self.terms, TimeTerms) else self.terms.kind

    @property
    def clocks_tickets(self) -> bool:
        """Whether it gives every ticket a clock of its own."""
        return isinstance(self.terms, TimeTerms) and self.terms.what in ("response", "resolution")


def clause_of(row: Row[Any]) -> Clause:
    """From a row that holds the clause with its agreement."""
    return Clause(
        id=row.id,
        agreement_id=row.agreement_id,
        number=row.number,
        key=row.key,
        title=row.title,
        terms=_TERMS.validate_python(row.terms),
        penalty=None if row.penalty is None else Penalty.model_validate(row.penalty),
        measure_key=row.measure_key,
        customer=row.customer,
        project=row.project,
        services=frozenset(row.services),
        calendar=row.calendar,
        settled_by=row.settled_by,
        fee=row.fee,
        currency=row.currency,
        penalty_cap_percent=row.penalty_cap_percent,
        effective_from=row.effective_from,
        effective_to=row.effective_to if row.ended_on is None else min(row.ended_on, row.effective_to),
        owner=row.owner,
    )
