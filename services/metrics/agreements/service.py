"""Use cases of agreements: design, edit, negotiate, confirm, review, renegotiate, renew.

What needs both parties' signatures is in `signing`, what time does to an agreement in `course`, how its readers see it
in `views`.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import content, problems, repository, rules
from services.metrics.agreements.records import (
    check_visible,
    find_agreement,
    lock_agreement,
    move,
    note,
    person_of,
    tell,
    today,
)
from services.metrics.agreements.schemas import AgreementBody, ConfirmBody, RenewalBody
from services.metrics.measures.periods import local_day
from services.metrics.settings import settings
from shared import clock
from shared.auth import Principal
from shared.events import agreements as events
from shared.events.envelope import current_origin
from shared.http import check_version
from shared.ids import new_id

_DAY = timedelta(days=1)


async def design_agreement(session: AsyncSession, body: AgreementBody) -> Row[Any]:
    """A new agreement, in design (R157). Raises what `content.check` raises."""
    await content.check(session, body)
    now = clock.now()
    number = await repository.next_number(session, local_day(now, settings().zone).year)
    agreement_id = await _insert(session, body, "design", number, 1, None, now)
    await note(session, agreement_id, "design", None, content=body)
    return await find_agreement(session, agreement_id)


async def edit_agreement(
    session: AsyncSession, agreement_id: UUID, body: AgreementBody, if_match: str | None
) -> Row[Any]:
    """Write the content anew while it is designed or negotiated: what was confirmed of another content counts no more.

    Raises:
        AgreementNotFound, PreconditionRequired, LostUpdate, IllegalTransition, and what `content.check` raises.
    """
    agreement = await lock_agreement(session, agreement_id)
    check_version(if_match, agreement.version)
    rules.check_allowed("edit", agreement.state)
    if agreement.predecessor_id is not None and body.customer != agreement.customer:
        raise problems.UnsoundAgreement(
            f"customer: {agreement.number} is with {agreement.customer!r}; an agreement with {body.customer!r} is a "
            "new one"
        )
    await content.check(session, body)
    values = content.columns(body)
    await repository.update_agreement(session, agreement_id, **values, updated_at=clock.now())
    await repository.replace_clauses(session, agreement_id, content.clause_rows(agreement_id, body))
    await note(session, agreement_id, "edit", agreement.state, content=body)
    return await find_agreement(session, agreement_id)


async def negotiate(session: AsyncSession, agreement_id: UUID, if_match: str | None) -> Row[Any]:
    """R111: hand the design to both parties. Raises `IllegalTransition`, `LostUpdate`, `AgreementNotFound`."""
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("negotiate", agreement.state)
    return await move(session, agreement, "negotiate", "negotiating")


async def confirm(session: AsyncSession, agreement_id: UUID, body: ConfirmBody, caller: Principal) -> Row[Any]:
    """A party's confirmation of the present content, or of the execution (R160, R171, R192).

    Raises:
        AgreementNotFound, IllegalTransition, Forbidden, NotYetSubject, StaleConfirmation, EvidenceNeeded, SamePerson
    """
    agreement = await lock_agreement(session, agreement_id)
    check_visible(agreement, caller)
    rules.check_allowed("confirm", agreement.state)
    possible = rules.subjects_of(agreement.state)
    wrong = [subject for subject in body.subjects if subject not in possible]
    if wrong:
        raise problems.NotYetSubject(
            f"subjects: {', '.join(wrong)} cannot be confirmed in state '{agreement.state}'; {', '.join(possible)} can"
        )
    if body.digest != agreement.digest:
        raise problems.StaleConfirmation(
            "digest: the content changed since you read it; read it again and confirm what it says now",
            digest=agreement.digest,
        )
    person = person_of(caller, body.party, body.signatory, body.evidence)
    earlier = await repository.list_confirmations(session, agreement_id)
    sides = [(row.party, rules.Signatory(row.confirmed_by, row.signatory)) for row in earlier]
    other = rules.find_other_side(body.party, person, sides)
    if other is not None:
        raise problems.SamePerson(
            f"'{other.signatory}' ({other.confirmed_by}) confirmed for the other party; somebody else has to confirm "
            f"for the {body.party}"
        )
    now = clock.now()
    rows = [
        {
            "id": new_id(),
            "agreement_id": agreement_id,
            "party": body.party,
            "subject": subject,
            "digest": agreement.digest,
            **person._asdict(),
            "evidence": body.evidence,
            "note": body.note,
            "confirmed_at": now,
        }
        for subject in dict.fromkeys(body.subjects)
    ]
    await repository.insert_confirmations(session, rows)
    await repository.update_agreement(session, agreement_id, updated_at=now)
    told = f"{body.party}: {', '.join(row['subject'] for row in rows)}"
    await note(session, agreement_id, "confirm", agreement.state, told)
    return await find_agreement(session, agreement_id)


async def start_review(session: AsyncSession, agreement_id: UUID, if_match: str | None, reason: str) -> Row[Any]:
    """R113: look at it together; its clauses go on counting. Raises `IllegalTransition`, `LostUpdate`."""
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("start_review", agreement.state)
    return await move(session, agreement, "start_review", "under_review", reason, reason=reason)


async def keep(session: AsyncSession, agreement_id: UUID, if_match: str | None, reason: str) -> Row[Any]:
    """The review found that it goes on as it is. Raises `IllegalTransition`, `LostUpdate`."""
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("conclude_review", agreement.state)
    return await move(session, agreement, "conclude_review", "in_force", reason, reason=reason)


async def request_renegotiation(
    session: AsyncSession,
    agreement_id: UUID,
    if_match: str | None,
    reason: str,
    negotiation_id: UUID | None = None,
) -> Row[Any]:
    """R158: a quality problem sends the agreement back to negotiation, as its next revision.

    What was signed stays as it was and its clauses go on counting, under review, until the revision comes into force.

    Raises:
        AgreementNotFound, LostUpdate, IllegalTransition, SuccessorExists
    """
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("request_renegotiation", agreement.state)
    first = max(today() + _DAY, agreement.effective_from)
    last = max(first, agreement.effective_to)
    successor = await _succeed(session, agreement, "negotiating", first, last, reason)
    state: rules.State = "under_review" if agreement.state == "in_force" else agreement.state
    moved = await move(session, agreement, "request_renegotiation", state, reason, reason=reason)
    await tell(
        session,
        moved,
        events.RenegotiationRequested,
        reason=reason,
        requested_by=current_origin.get().actor,
        successor_id=successor,
        negotiation_id=negotiation_id,
    )
    return moved


async def renew(session: AsyncSession, agreement_id: UUID, if_match: str | None, body: RenewalBody) -> Row[Any]:
    """R114: the next revision, in design, with all of the content; this one is `renewed` when that one comes into
    force. Answers the successor.

    Raises:
        AgreementNotFound, LostUpdate, IllegalTransition, SuccessorExists, UnsoundAgreement
    """
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("renew", agreement.state)
    first = body.effective_from or agreement.effective_to + _DAY
    last = body.effective_to or first + (agreement.effective_to - agreement.effective_from)
    successor = await _succeed(session, agreement, "design", first, last, None)
    await note(session, agreement_id, "renew", agreement.state)
    return await find_agreement(session, successor)


async def _succeed(
    session: AsyncSession, agreement: Row[Any], state: rules.State, first: date, last: date, reason: str | None
) -> UUID:
    known = await repository.find_successor(session, agreement.id)
    if known is not None:
        raise problems.SuccessorExists(
            f"{known.number}, revision {known.revision}, follows it and is in state '{known.state}': go on with that "
            "one, or terminate it",
            agreement_id=known.id,
        )
    clauses = await repository.list_clauses(session, agreement.id)
    body = content.body_of(agreement, clauses, effective_from=first, effective_to=last)
    content.check_dates(body)
    revision = await repository.last_revision(session, agreement.number) + 1
    now = clock.now()
    successor = await _insert(session, body, state, agreement.number, revision, agreement.id, now)
    await note(session, successor, "succeed", None, reason, content=body)
    return successor


async def _insert(
    session: AsyncSession,
    body: AgreementBody,
    state: rules.State,
    number: str,
    revision: int,
    predecessor_id: UUID | None,
    now: datetime,
) -> UUID:
    agreement_id = new_id()
    await repository.insert_agreement(
        session,
        {
            "id": agreement_id,
            "number": number,
            "revision": revision,
            "state": state,
            "predecessor_id": predecessor_id,
            **content.columns(body),
            "version": 1,
            "sequence": 0,
            "created_at": now,
            "updated_at": now,
        },
    )
    await repository.replace_clauses(session, agreement_id, content.clause_rows(agreement_id, body))
    return agreement_id
