"""The agreement as a record: found, locked, moved on, told of; and who may see it."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import problems, repository, rules
from services.metrics.agreements.schemas import AgreementBody
from services.metrics.measures.periods import local_day
from services.metrics.settings import settings
from shared import clock
from shared.auth import Principal, customer_of
from shared.events import agreements as events
from shared.events.envelope import current_origin
from shared.http import check_version
from shared.outbox import record
from shared.problems import Forbidden

TURN_JOB = "metrics.turn_agreements"


def today() -> date:
    """The day that it is in the installation's zone."""
    return local_day(clock.now(), settings().zone)


async def find_agreement(session: AsyncSession, agreement_id: UUID) -> Row[Any]:
    """Raises `AgreementNotFound`."""
    agreement = await repository.get_agreement(session, agreement_id)
    if agreement is None:
        raise problems.AgreementNotFound(f"there is no agreement {agreement_id}")
    return agreement


async def lock_agreement(session: AsyncSession, agreement_id: UUID, if_match: str | None = None) -> Row[Any]:
    """The record, locked; where `if_match` is given it must name the present version.

    Raises:
        AgreementNotFound, LostUpdate
    """
    agreement = await repository.lock_agreement(session, agreement_id)
    if agreement is None:
        raise problems.AgreementNotFound(f"there is no agreement {agreement_id}")
    if if_match is not None:
        check_version(if_match, agreement.version)
    return agreement


def check_visible(agreement: Row[Any], caller: Principal) -> None:
    """A customer sees its own agreements once they are negotiated. Raises `AgreementNotFound`, `Forbidden`."""
    customer = customer_of(caller)
    given_up = agreement.state == "terminated" and agreement.signed_at is None
    if customer is not None and (agreement.customer != customer or agreement.state == "design" or given_up):
        raise problems.AgreementNotFound(f"there is no agreement {agreement.id}")


def person_of(caller: Principal, party: rules.Party, signatory: str | None, evidence: str | None) -> rules.Signatory:
    """Who speaks. A customer's token speaks for the customer, staff for the provider; staff may record what the
    customer said, with the document.

    Raises:
        Forbidden, EvidenceNeeded
    """
    if customer_of(caller) is not None:
        if party != "customer":
            raise Forbidden(f"party: '{caller.subject}' is a customer's token and speaks for the customer")
    elif party == "customer" and (evidence is None or signatory is None):
        raise problems.EvidenceNeeded(
            "signatory, evidence: say who spoke for the customer and in which document; or let the customer do it with "
            "a token of the role customer"
        )
    return rules.Signatory(caller.subject, signatory or caller.name)


async def counted_confirmations(session: AsyncSession, agreement: Row[Any]) -> set[tuple[str, str]]:
    """The `(party, subject)` that are confirmed for the present content."""
    rows = await repository.list_confirmations(session, agreement.id)
    return {(row.party, row.subject) for row in rows if row.digest == agreement.digest}


async def move(
    session: AsyncSession, agreement: Row[Any], action: str, state: rules.State, told: str | None = None, **values: Any
) -> Row[Any]:
    """Bring the record into this state, with its line of history."""
    await repository.update_agreement(session, agreement.id, state=state, updated_at=clock.now(), **values)
    await note(session, agreement.id, action, agreement.state, told)
    return await find_agreement(session, agreement.id)


async def note(
    session: AsyncSession,
    agreement_id: UUID,
    action: str,
    from_state: str | None,
    told: str | None = None,
    *,
    content: AgreementBody | None = None,
) -> None:
    """One line of history, about the record as it is now."""
    agreement = await find_agreement(session, agreement_id)
    await repository.append_history(
        session,
        {
            "agreement_id": agreement_id,
            "at": clock.now(),
            "actor": current_origin.get().actor,
            "action": action,
            "from_state": from_state,
            "to_state": agreement.state,
            "note": told,
            "digest": agreement.digest,
            "content": None if content is None else content.model_dump(mode="json"),
        },
    )


async def tell(session: AsyncSession, agreement: Row[Any], contract: type[events.AgreementFact], **extra: Any) -> None:
    """Record an event of this agreement, in its own story."""
    fact = contract(
        agreement_id=agreement.id,
        number=agreement.number,
        revision=agreement.revision,
        title=agreement.title,
        customer=agreement.customer,
        project=agreement.project,
        services=tuple(agreement.services),
        state=agreement.state,
        effective_from=agreement.effective_from,
        effective_to=agreement.effective_to,
        owner=agreement.owner,
        **extra,
    )
    sequence = await repository.next_sequence(session, agreement.id)
    await record(session, fact, subject=agreement.id, sequence=sequence, correlation_id=agreement.id)
