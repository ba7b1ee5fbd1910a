"""The content of an agreement: what is wrong with it, how it is kept, and how it is read back."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import problems, rules
from services.metrics.agreements.schemas import AgreementBody, ClauseBody
from services.metrics.calendars.problems import CalendarNotFound
from services.metrics.calendars.service import find_calendar
from services.metrics.clauses.terms import Promise, Terms, promise_of
from services.metrics.measures.periods import starts_at
from services.metrics.settings import settings
from shared.calendars import working_spans
from shared.events.agreements import PromisedClause
from shared.ids import new_id

_TERMS: TypeAdapter[rules.AnyTerms] = TypeAdapter(Terms)


async def check(session: AsyncSession, body: AgreementBody) -> None:
    """Whether this content can be promised at all; what is still to be negotiated may be missing.

    Raises:
        UnsoundAgreement: dates, calendar, or a name that stands twice or for nothing.
        UnsoundClause, UnsoundPenalty: name the clause.
    """
    check_dates(body)
    _check_names(body)
    for clause in body.clauses:
        unsound = rules.find_unsound_clause(clause.terms, body.services, body.effective_from, body.effective_to)
        if unsound is not None:
            raise problems.UnsoundClause(f"clauses.{clause.key}.terms: {unsound}", clause=clause.key)
        _check_penalty(clause, body)
    await check_calendar(session, body.calendar, body.effective_from, body.effective_to)


def _check_penalty(clause: ClauseBody, body: AgreementBody) -> None:
    if clause.penalty is None:
        return
    unsound = rules.find_unsound_penalty(promise_of(clause.terms), clause.penalty, body.fee)
    if unsound is not None:
        raise problems.UnsoundPenalty(f"clauses.{clause.key}.penalty: {unsound}", clause=clause.key)


def check_dates(body: AgreementBody) -> None:
    """Raises `UnsoundAgreement`."""
    if body.effective_from > body.effective_to:
        raise problems.UnsoundAgreement(
            f"effective_to: {body.effective_to} lies before effective_from ({body.effective_from}); the last day is at "
            "least the first one"
        )


def _check_names(body: AgreementBody) -> None:
    names: dict[str, Iterable[str]] = {
        "services": body.services,
        "clauses": (clause.key for clause in body.clauses),
        "exemptions": (exemption.key for exemption in body.exemptions),
        "glossary": (term.term.casefold() for term in body.glossary),
    }
    for field, given in names.items():
        seen: set[str] = set()
        for name in given:
            if name in seen:
                raise problems.UnsoundAgreement(f"{field}: {name!r} stands there twice; each is named once")
            seen.add(name)
    known = {clause.key for clause in body.clauses}
    for need in body.needs:
        if need.clause is not None and need.clause not in known:
            raise problems.UnsoundAgreement(
                f"needs: there is no clause {need.clause!r}; leave clause out where none answers the need yet"
            )


async def check_calendar(session: AsyncSession, key: str, effective_from: date, effective_to: date) -> None:
    """Raises `UnsoundAgreement` for a calendar that nobody knows, or that has no working time while it counts."""
    try:
        calendar = await find_calendar(session, key)
    except CalendarNotFound as unknown:
        raise problems.UnsoundAgreement(
            f"calendar: {unknown.detail}; 'always' counts round the clock", calendar=key
        ) from unknown
    zone = settings().zone
    first, end = starts_at(effective_from, zone), starts_at(effective_to + timedelta(days=1), zone)
    if next(iter(working_spans(calendar, first, end)), None) is None:
        raise problems.UnsoundAgreement(
            f"calendar: {key!r} has no working time from {effective_from} to {effective_to}; give it hours, or choose "
            "another one",
            calendar=key,
        )


def columns(body: AgreementBody) -> dict[str, Any]:
    """The content as the agreement's own row keeps it, with its digest."""
    documents = body.model_dump(mode="json", include={"services", "exemptions", "glossary", "needs"})
    return {
        **body.model_dump(exclude={"clauses", *documents}),
        **documents,
        "digest": rules.digest_of(body.model_dump(mode="json", exclude={"needs"})),
    }


def clause_rows(agreement_id: UUID, body: AgreementBody) -> list[dict[str, Any]]:
    """The content's clauses as rows."""
    return [
        {
            "id": new_id(),
            "agreement_id": agreement_id,
            "key": clause.key,
            "position": position,
            "title": clause.title,
            "terms": clause.terms.model_dump(mode="json"),
            "penalty": None if clause.penalty is None else clause.penalty.model_dump(mode="json"),
            "measure_key": None,
        }
        for position, clause in enumerate(body.clauses, 1)
    ]


def body_of(agreement: Row[Any], clauses: Sequence[Row[Any]], **changed: Any) -> AgreementBody:
    """The content again, with what is `changed` in it."""
    own = {name: getattr(agreement, name) for name in AgreementBody.model_fields if name != "clauses"}
    written = [{name: getattr(clause, name) for name in ClauseBody.model_fields} for clause in clauses]
    return AgreementBody.model_validate({**own, "clauses": written, **changed})


def promise_of_row(clause: Row[Any]) -> Promise:
    """What a kept clause promises in figures."""
    return promise_of(_TERMS.validate_python(clause.terms))


def promised(clause: Row[Any]) -> PromisedClause:
    """The clause as an event tells of it."""
    promise = promise_of_row(clause)
    return PromisedClause(
        clause_id=clause.id,
        key=clause.key,
        title=clause.title,
        kind=clause.terms["kind"],
        measure_key=clause.measure_key,
        unit=promise.unit,
        direction=promise.direction,
        target=promise.target,
        has_penalty=clause.penalty is not None,
    )
