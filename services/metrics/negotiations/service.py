"""Use cases of negotiations: open, take a position, settle (R170)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import repository as agreements
from services.metrics.agreements import service as agreement_service
from services.metrics.agreements.records import check_visible, find_agreement, lock_agreement, person_of, today
from services.metrics.negotiations import repository, rules
from services.metrics.negotiations.schemas import NegotiationBody, OutcomeBody, PositionBody
from services.metrics.settlements import repository as settlements
from shared import clock
from shared.auth import Principal
from shared.ids import new_id
from shared.problems import IllegalTransition, Missing, NotFound, Problem


class NegotiationNotFound(NotFound):
    pass


class UnsoundNegotiation(Problem):
    """About something that the agreement does not have, or over before it began."""

    status = 422


async def find_negotiation(session: AsyncSession, negotiation_id: UUID, caller: Principal) -> Row[Any]:
    """One that this caller may see. Raises `NegotiationNotFound`, `Forbidden`."""
    negotiation = await repository.get_negotiation(session, negotiation_id)
    if negotiation is None:
        raise NegotiationNotFound(f"there is no negotiation {negotiation_id}")
    check_visible(await find_agreement(session, negotiation.agreement_id), caller)
    return negotiation


async def open_negotiation(
    session: AsyncSession, agreement_id: UUID, body: NegotiationBody, caller: Principal
) -> Row[Any]:
    """A party opens it with its position.

    Raises:
        AgreementNotFound, IllegalTransition, UnsoundNegotiation, Forbidden, EvidenceNeeded
    """
    agreement = await lock_agreement(session, agreement_id)
    check_visible(agreement, caller)
    if agreement.state == "design":
        raise IllegalTransition("open a negotiation", agreement.state, ["negotiate the agreement first"])
    if body.deadline < today():
        raise UnsoundNegotiation(f"deadline: {body.deadline} has passed; give both parties a day to come")
    if body.clause is not None:
        keys = [clause.key for clause in await agreements.list_clauses(session, agreement_id)]
        if body.clause not in keys:
            raise UnsoundNegotiation(f"clause: {body.clause!r} is none of the agreement's ({', '.join(keys)})")
    if body.settlement_id is not None:
        settlement = await settlements.get_settlement(session, body.settlement_id)
        if settlement is None or settlement.agreement_id != agreement_id:
            raise UnsoundNegotiation(f"settlement_id: {body.settlement_id} is no settlement of {agreement.number}")
    person = person_of(caller, body.party, body.signatory, body.evidence)
    negotiation_id = new_id()
    await repository.insert_negotiation(
        session,
        {
            "id": negotiation_id,
            "agreement_id": agreement_id,
            **body.model_dump(include={"clause", "settlement_id", "title", "deadline"}),
            "opened_by_party": body.party,
            "opened_by": person.signatory,
            "opened_at": clock.now(),
            "state": "open",
            "renegotiates": False,
            "version": 1,
        },
    )
    await _state(session, negotiation_id, body, caller)
    return await find_negotiation(session, negotiation_id, caller)


async def take_position(session: AsyncSession, negotiation_id: UUID, body: PositionBody, caller: Principal) -> Row[Any]:
    """What was said stays; a party that changes its mind says so in another position.

    Raises:
        NegotiationNotFound, IllegalTransition, Forbidden, EvidenceNeeded
    """
    negotiation = await _lock_open(session, negotiation_id, caller, "take a position")
    await _state(session, negotiation.id, body, caller)
    await repository.update_negotiation(session, negotiation.id)
    return await find_negotiation(session, negotiation_id, caller)


async def settle_negotiation(
    session: AsyncSession, negotiation_id: UUID, body: OutcomeBody, caller: Principal
) -> Row[Any]:
    """Say how it ended; an agreed outcome may send the agreement back to negotiation (R158).

    Raises:
        NegotiationNotFound, IllegalTransition, SuccessorExists
        Missing: a party was not heard.
    """
    negotiation = await _lock_open(session, negotiation_id, caller, "settle")
    if body.agreed:
        heard = {row.party for row in await repository.list_positions(session, negotiation_id)}
        missing = rules.find_missing_to_agree(heard)
        if missing:
            raise Missing("agree", missing)
    await repository.update_negotiation(
        session,
        negotiation_id,
        state="agreed" if body.agreed else "not_agreed",
        outcome=body.outcome,
        renegotiates=body.renegotiate,
        settled_by=caller.subject,
        settled_at=clock.now(),
    )
    if body.renegotiate:
        await agreement_service.request_renegotiation(
            session, negotiation.agreement_id, None, body.outcome, negotiation_id
        )
    return await find_negotiation(session, negotiation_id, caller)


async def _lock_open(session: AsyncSession, negotiation_id: UUID, caller: Principal, action: str) -> Row[Any]:
    await find_negotiation(session, negotiation_id, caller)
    negotiation = await repository.lock_negotiation(session, negotiation_id)
    assert negotiation is not None
    if negotiation.state != "open":
        raise IllegalTransition(action, negotiation.state, [])
    return negotiation


async def _state(session: AsyncSession, negotiation_id: UUID, body: PositionBody, caller: Principal) -> None:
    person = person_of(caller, body.party, body.signatory, body.evidence)
    await repository.insert_position(
        session,
        {
            "id": new_id(),
            "negotiation_id": negotiation_id,
            "party": body.party,
            "statement": body.statement,
            "signatory": person.signatory,
            "evidence": body.evidence,
            "stated_by": person.confirmed_by,
            "stated_at": clock.now(),
        },
    )
