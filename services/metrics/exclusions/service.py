"""Use cases of the exclusion ledger: propose, agree, refuse, withdraw. Only what is agreed changes a value, and only
the adjusted one."""

from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.problems import EvidenceNeeded, SamePerson
from services.metrics.agreements.records import find_agreement
from services.metrics.attainments import repository as attainments
from services.metrics.clauses import repository as clauses
from services.metrics.clauses.clause import Clause
from services.metrics.exclusions import repository, rules
from services.metrics.exclusions.rules import Stretch
from services.metrics.exclusions.schemas import DecisionBody, ProposalBody
from services.metrics.measures.periods import local_day, periods_between, starts_at
from services.metrics.settings import settings
from shared import clock
from shared.auth import Principal, is_staff
from shared.events.clauses import ExclusionAgreed
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.problems import IllegalTransition, NotFound, Problem


class ExclusionNotFound(NotFound):
    pass


class UnknownClause(Problem):
    """The agreement has no clause of this key."""

    status = 422


class UnknownTickets(Problem):
    """Some of these tickets are none of the customer's."""

    status = 422


class NotInForce(Problem):
    """Nothing counts yet that could be excluded."""

    status = 409


async def propose(session: AsyncSession, agreement_id: UUID, body: ProposalBody, caller: Principal) -> Row[Any]:
    """R168: ask the other party that this time does not count.

    Raises:
        AgreementNotFound, NotInForce, UnknownExemption, UnknownClause, UnknownTickets, UnsoundInterval
        OverlappingExclusion: names what is proposed or agreed of the same time.
    """
    agreement = await find_agreement(session, agreement_id)
    known = await clauses.list_clauses(session, agreement_id=agreement_id)
    if not known:
        raise NotInForce(f"{agreement.number} is in state '{agreement.state}'; only what was signed has exclusions")
    rules.check_exemption(body.exemption, {exemption["key"] for exemption in agreement.exemptions})
    clause = _find_clause(known, body.clause)
    now = clock.now()
    zone = settings().zone
    rules.check_interval(
        body.begins_at,
        body.ends_at,
        starts_at(known[0].effective_from, zone),
        starts_at(known[0].effective_to + timedelta(days=1), zone),
        now,
    )
    named = None if body.tickets is None else sorted(set(body.tickets))
    if named is not None and await repository.count_tickets_of(session, agreement.customer, named) != len(named):
        raise UnknownTickets(f"tickets: name tickets of {agreement.customer!r}; GET /metrics/v1/tickets lists them")
    await repository.hold_ledger(session, agreement_id)
    stretch = Stretch(
        new_id(),
        clause.id if clause else None,
        body.begins_at,
        body.ends_at,
        None if named is None else frozenset(named),
    )
    standing = [
        _stretch(row)
        for row in await repository.list_of_agreement(session, agreement_id)
        if row.state in ("proposed", "agreed")
    ]
    overlaps = rules.find_overlaps(stretch, standing)
    if overlaps:
        raise rules.OverlappingExclusion(
            f"this time is proposed or agreed already by {', '.join(map(str, overlaps))}; decide or withdraw that one, "
            "or propose what lies beside it",
            exclusions=overlaps,
        )
    return await repository.insert_exclusion(
        session,
        {
            "id": stretch.id,
            "agreement_id": agreement_id,
            "clause_id": stretch.clause_id,
            "begins_at": body.begins_at,
            "ends_at": body.ends_at,
            "tickets": None if named is None else [str(ticket) for ticket in named],
            "exemption": body.exemption,
            "reason": body.reason,
            "evidence": body.evidence,
            "evidence_sha256": body.evidence_sha256,
            "state": "proposed",
            "proposed_by": caller.subject,
            "proposed_side": "provider" if is_staff(caller) else "customer",
            "proposed_at": now,
            "version": 1,
        },
    )


def _find_clause(known: list[Clause], key: str | None) -> Clause | None:
    if key is None:
        return None
    found = next((clause for clause in known if clause.key == key), None)
    if found is None:
        raise UnknownClause(f"clause: {key!r} is none of {', '.join(clause.key for clause in known)}")
    return found


def _stretch(row: Row[Any]) -> Stretch:
    tickets = None if row.tickets is None else frozenset(UUID(ticket) for ticket in row.tickets)
    return Stretch(row.id, row.clause_id, row.begins_at, row.ends_at, tickets)


async def find_exclusion(session: AsyncSession, exclusion_id: UUID) -> Row[Any]:
    """Raises `ExclusionNotFound`."""
    found = await repository.get_exclusion(session, exclusion_id)
    if found is None:
        raise ExclusionNotFound(f"the ledger has no exclusion {exclusion_id}")
    return found


async def decide(
    session: AsyncSession,
    exclusion_id: UUID,
    verdict: Literal["agreed", "refused"],
    body: DecisionBody,
    caller: Principal,
    if_match: str | None,
) -> Row[Any]:
    """R168: the other party agrees or refuses; what is agreed has its periods evaluated again.

    Raises:
        ExclusionNotFound, PreconditionRequired, LostUpdate, IllegalTransition, WrongParty, SamePerson, EvidenceNeeded
    """
    found = await _lock_proposed(session, exclusion_id, if_match, "decide")
    decider = _who(found, body, caller)
    now = clock.now()
    decided = await repository.update_exclusion(
        session,
        exclusion_id,
        state=verdict,
        decided_by=decider,
        decided_side=rules.other_party(found.proposed_side),
        decided_at=now,
        decision_reason=body.reason,
    )
    if verdict == "agreed":
        await _agree(session, decided)
    return decided


def _who(found: Row[Any], body: DecisionBody, caller: Principal) -> str:
    """Who decides for the other party than the one that proposed."""
    side = rules.other_party(found.proposed_side)
    if caller.subject == found.proposed_by:
        raise SamePerson(f"'{caller.subject}' proposed this; somebody of the {side} has to decide it")
    if not is_staff(caller):
        if side == "provider":
            raise rules.WrongParty("the customer proposed this; the provider decides it")
        return caller.subject
    if side == "provider":
        return caller.subject
    if body.signatory is None or body.evidence is None:
        raise EvidenceNeeded(
            "signatory, evidence: the provider proposed this and the customer decides; say who did for the customer "
            "and in which document, or let the customer decide with a token of the role customer"
        )
    return f"{body.signatory} ({body.evidence}, recorded by {caller.subject})"


async def withdraw(session: AsyncSession, exclusion_id: UUID, caller: Principal, if_match: str | None) -> Row[Any]:
    """The party that proposed it takes it back; it stays in the ledger.

    Raises:
        ExclusionNotFound, PreconditionRequired, LostUpdate, IllegalTransition, WrongParty
    """
    found = await _lock_proposed(session, exclusion_id, if_match, "withdraw")
    side = "provider" if is_staff(caller) else "customer"
    if side != found.proposed_side:
        raise rules.WrongParty(f"the {found.proposed_side} proposed this; only the {found.proposed_side} withdraws it")
    return await repository.update_exclusion(
        session, exclusion_id, state="withdrawn", decided_by=caller.subject, decided_side=side, decided_at=clock.now()
    )


async def _lock_proposed(session: AsyncSession, exclusion_id: UUID, if_match: str | None, action: str) -> Row[Any]:
    found = await repository.lock_exclusion(session, exclusion_id)
    if found is None:
        raise ExclusionNotFound(f"the ledger has no exclusion {exclusion_id}")
    check_version(if_match, found.version)
    if found.state != "proposed":
        raise IllegalTransition(action, found.state, [])
    return found


async def _agree(session: AsyncSession, agreed: Row[Any]) -> None:
    """Every period that this time may change is evaluated again: a clock that ran in it may be decided later."""
    known = await clauses.list_clauses(session, agreement_id=agreed.agreement_id)
    concerned = [clause for clause in known if agreed.clause_id in (None, clause.id)]
    zone = settings().zone
    first, today = local_day(agreed.begins_at, zone), local_day(clock.now(), zone)
    marks: set[tuple[UUID, date]] = set()
    for clause in concerned:
        periods = periods_between(clause.settled_by, first, min(today, clause.effective_to))
        marks |= {(clause.id, period) for period in periods}
    await attainments.mark(session, marks)
    named = next((clause for clause in known if clause.id == agreed.clause_id), None)
    told = ExclusionAgreed(
        exclusion_id=agreed.id,
        agreement_id=agreed.agreement_id,
        agreement_number=known[0].number,
        customer=known[0].customer,
        clause_id=agreed.clause_id,
        clause_key=named.key if named else None,
        begins_at=agreed.begins_at,
        ends_at=agreed.ends_at,
        tickets=tuple(UUID(ticket) for ticket in agreed.tickets or ()),
        exemption=agreed.exemption,
        reason=agreed.reason,
        proposed_by=agreed.proposed_by,
        proposed_side=agreed.proposed_side,
        decided_by=agreed.decided_by,
        decided_side=agreed.decided_side,
    )
    await record(session, told, subject=agreed.id, sequence=agreed.version, correlation_id=agreed.agreement_id)
