"""Use cases of settlements: draft, issue, confirm, correct, claim a loss, and what if."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.problems import EvidenceNeeded, SamePerson
from services.metrics.agreements.records import find_agreement
from services.metrics.attainments import repository as attainments
from services.metrics.attainments import service as evaluations
from services.metrics.clauses import repository as clauses
from services.metrics.clauses.terms import Penalty, promise_of
from services.metrics.exclusions import repository as exclusions
from services.metrics.measures.periods import next_period
from services.metrics.settlements import repository, rules
from services.metrics.settlements.schemas import Account, ClaimBody, ConfirmationBody, Line, WhatIf
from shared import clock
from shared.auth import Principal, is_staff
from shared.events.clauses import PenaltyLine, SettlementIssued
from shared.events.envelope import current_origin
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Forbidden, IllegalTransition, NotFound, Problem


class SettlementNotFound(NotFound):
    pass


class ClaimNotFound(NotFound):
    pass


class NotTheNewest(Problem):
    """A correction followed; this revision stays only to be read."""

    status = 409


class NotThisAgreements(Problem):
    """What if: these exclusions are none of this agreement's, or cannot be decided so."""

    status = 422


class PeriodNotEvaluated(Problem):
    """Nothing can be claimed of a period that was never evaluated."""

    status = 409


async def draft(session: AsyncSession, agreement_id: UUID, period: date, now: datetime) -> None:
    """R159: the period's account by its newest settled values. A draft is written anew; after an issue whatever
    differs is a correcting revision, and the old one stays."""
    await repository.hold_period(session, agreement_id, period)
    agreement = await find_agreement(session, agreement_id)
    rows = await attainments.latest_evaluations(session, agreement_id, period)
    if not rows or any(row.provisional for row in rows):
        return
    penalties = await _penalties_of(session, agreement_id)
    lines = [_line(row, penalties.get(row.clause_id), agreement.fee) for row in rows]
    account = await _account(session, agreement, period, lines)
    known = await repository.newest_settlement(session, agreement_id, period)
    values = {**account.model_dump(exclude={"lines"}), "lines": [line.model_dump(mode="json") for line in lines]}
    if known is not None and known.state == "draft":
        issued = await repository.settlement_of(session, agreement_id, period, known.revision - 1)
        if issued is not None and _same(issued, values):
            await repository.remove_draft(session, known.id)
        elif not _same(known, values):
            await repository.update_settlement(session, known.id, **values, updated_at=now)
        return
    if known is not None and _same(known, values):
        return
    await repository.insert_settlement(
        session,
        {
            "id": new_id(),
            "agreement_id": agreement_id,
            "period": period,
            "period_end": next_period(agreement.settled_by, period),
            "revision": 1 if known is None else known.revision + 1,
            "state": "draft",
            "currency": agreement.currency,
            **values,
            "version": 1,
            "updated_at": now,
        },
    )


def _same(row: Row[Any], values: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())


async def _penalties_of(session: AsyncSession, agreement_id: UUID) -> dict[UUID, Penalty]:
    known = await clauses.list_clauses(session, agreement_id=agreement_id)
    return {clause.id: clause.penalty for clause in known if clause.penalty is not None}


def _line(row: Row[Any], penalty: Penalty | None, fee: Decimal) -> Line:
    """From an evaluation's row."""
    tier = None if penalty is None or row.adjusted is None else rules.find_tier(penalty, row.adjusted)
    return Line(
        clause_id=row.clause_id,
        key=row.key,
        title=row.title,
        unit=row.unit,
        target=row.target,
        raw=row.raw,
        excluded=row.excluded,
        value=row.adjusted,
        n=row.n,
        verdict=row.verdict,
        tier=tier,
        penalty=rules.assess_penalty(penalty, row.adjusted, fee),
    )


async def _account(session: AsyncSession, agreement: Row[Any], period: date, lines: Sequence[Line]) -> Account:
    claims = await repository.sum_accepted_claims(session, agreement.id, period)
    bill = rules.make_bill(agreement.fee, [line.penalty for line in lines], agreement.penalty_cap_percent, claims)
    return Account(
        fee=bill.fee,
        lines=list(lines),
        penalties_uncapped=bill.penalties_uncapped,
        penalty_cap=bill.cap,
        penalties=bill.penalties,
        claims=bill.claims,
        total_due=bill.due,
    )


async def find_settlement(session: AsyncSession, settlement_id: UUID) -> Row[Any]:
    """Raises `SettlementNotFound`."""
    found = await repository.get_settlement(session, settlement_id)
    if found is None:
        raise SettlementNotFound(f"there is no settlement {settlement_id}")
    return found


async def _lock_newest(session: AsyncSession, settlement_id: UUID, if_match: str | None) -> Row[Any]:
    asked = await find_settlement(session, settlement_id)
    await repository.hold_period(session, asked.agreement_id, asked.period)
    found = await find_settlement(session, settlement_id)
    check_version(if_match, found.version)
    newest = await repository.newest_settlement(session, found.agreement_id, found.period)
    if newest is not None and newest.id != found.id:
        raise NotTheNewest(
            f"revision {found.revision} of {found.period} was corrected by revision {newest.revision}; go on with "
            f"{newest.id}",
            settlement_id=newest.id,
        )
    return found


async def issue(session: AsyncSession, settlement_id: UUID, if_match: str | None) -> Row[Any]:
    """R159: hand the account to the customer; from now on it is only corrected by another revision.

    Raises:
        SettlementNotFound, PreconditionRequired, LostUpdate, NotTheNewest, IllegalTransition
    """
    found = await _lock_newest(session, settlement_id, if_match)
    if found.state != "draft":
        raise IllegalTransition("issue", found.state, ["confirm"] if found.state == "issued" else [])
    actor = current_origin.get().actor
    now = clock.now()
    issued = await repository.update_settlement(
        session, settlement_id, state="issued", issued_by=actor, issued_at=now, updated_at=now
    )
    agreement = await find_agreement(session, found.agreement_id)
    told = SettlementIssued(
        settlement_id=issued.id,
        agreement_id=issued.agreement_id,
        agreement_number=agreement.number,
        customer=agreement.customer,
        period=issued.period,
        period_end=issued.period_end,
        revision=issued.revision,
        currency=issued.currency,
        fee=issued.fee,
        penalties_uncapped=issued.penalties_uncapped,
        penalty_cap=issued.penalty_cap,
        penalties=issued.penalties,
        claims=issued.claims,
        total_due=issued.total_due,
        lines=tuple(PenaltyLine.model_validate(line) for line in issued.lines),
        issued_by=actor,
        issued_at=now,
    )
    subject = f"{issued.agreement_id}:{issued.period}"
    await record(session, told, subject=subject, sequence=issued.revision, correlation_id=issued.agreement_id)
    return issued


async def confirm(
    session: AsyncSession, settlement_id: UUID, body: ConfirmationBody, caller: Principal, if_match: str | None
) -> Row[Any]:
    """R159, R160: a party's word that the account is right; with both it is confirmed.

    Raises:
        SettlementNotFound, PreconditionRequired, LostUpdate, NotTheNewest, IllegalTransition, Forbidden,
        EvidenceNeeded, SamePerson
    """
    found = await _lock_newest(session, settlement_id, if_match)
    if found.state != "issued" or getattr(found, f"{body.party}_confirmed_by") is not None:
        allowed = ["issue"] if found.state == "draft" else []
        raise IllegalTransition(f"confirm for the {body.party}", found.state, allowed)
    person = _who(caller, body)
    other = "provider" if body.party == "customer" else "customer"
    confirmed = getattr(found, f"{other}_confirmed_by")
    if confirmed == person:
        raise SamePerson(f"{person} confirmed for the {other}; somebody else has to confirm for the {body.party}")
    now = clock.now()
    values: dict[str, Any] = {f"{body.party}_confirmed_by": person, f"{body.party}_confirmed_at": now}
    if confirmed is not None:
        values["state"] = "confirmed"
    return await repository.update_settlement(session, settlement_id, **values, updated_at=now)


def _who(caller: Principal, body: ConfirmationBody) -> str:
    if not is_staff(caller):
        if body.party != "customer":
            raise Forbidden(f"party: '{caller.subject}' is a customer's token and confirms for the customer")
        return caller.subject
    if body.party == "provider":
        return caller.subject
    if body.signatory is None or body.evidence is None:
        raise EvidenceNeeded("signatory, evidence: say who signed for the customer and in which document")
    return f"{body.signatory} ({body.evidence}, recorded by {caller.subject})"


async def claim_loss(session: AsyncSession, agreement_id: UUID, period: date, body: ClaimBody) -> Row[Any]:
    """R169: the customer had a loss. Raises `AgreementNotFound`, `PeriodNotEvaluated`."""
    await find_agreement(session, agreement_id)
    if not await attainments.latest_evaluations(session, agreement_id, period):
        raise PeriodNotEvaluated(f"no period of this agreement that begins on {period} was evaluated yet")
    claim_id = new_id()
    await repository.insert_claim(
        session,
        {
            "id": claim_id,
            "agreement_id": agreement_id,
            "period": period,
            **body.model_dump(),
            "state": "claimed",
            "claimed_by": current_origin.get().actor,
            "claimed_at": clock.now(),
            "version": 1,
        },
    )
    return await find_claim(session, claim_id)


async def find_claim(session: AsyncSession, claim_id: UUID) -> Row[Any]:
    """Locked. Raises `ClaimNotFound`."""
    found = await repository.lock_claim(session, claim_id)
    if found is None:
        raise ClaimNotFound(f"there is no loss claim {claim_id}")
    return found


async def decide_claim(
    session: AsyncSession, claim_id: UUID, state: str, reason: str, if_match: str | None
) -> Row[Any]:
    """The provider accepts it, and the account is corrected, or refuses it.

    Raises:
        ClaimNotFound, PreconditionRequired, LostUpdate, IllegalTransition, SamePerson
    """
    found = await find_claim(session, claim_id)
    check_version(if_match, found.version)
    if found.state != "claimed":
        raise IllegalTransition("decide", found.state, [])
    actor = current_origin.get().actor
    if actor == found.claimed_by:
        raise SamePerson(f"'{actor}' made this claim; somebody else has to decide it")
    now = clock.now()
    decided = await repository.update_claim(
        session, claim_id, state=state, decided_by=actor, decided_at=now, decision_reason=reason
    )
    if state == "accepted":
        await draft(session, found.agreement_id, found.period, now)
    return decided


async def imagine(
    session: AsyncSession, settlement_id: UUID, refuse: Collection[UUID], agree: Collection[UUID]
) -> WhatIf:
    """R168, R169: everything computed again as if these exclusions were refused and those agreed; nothing is kept.

    Raises:
        SettlementNotFound
        NotThisAgreements: names what cannot be supposed.
    """
    found = await find_settlement(session, settlement_id)
    agreement = await find_agreement(session, found.agreement_id)
    ledger = {row.id: row for row in await exclusions.list_of_agreement(session, found.agreement_id)}
    _check_imaginable(ledger, refuse, agree)
    held = [row for row in ledger.values() if row.state == "agreed"]
    supposed = [row for row in ledger.values() if row.id not in refuse and (row.state == "agreed" or row.id in agree)]
    now = await _compute(session, agreement, found.period, held)
    then = await _compute(session, agreement, found.period, supposed)
    return WhatIf(
        settlement_id=settlement_id,
        currency=found.currency,
        refused=sorted(refuse),
        agreed=sorted(agree),
        now=now,
        then=then,
        difference=then.total_due - now.total_due,
    )


def _check_imaginable(ledger: dict[UUID, Row[Any]], refuse: Collection[UUID], agree: Collection[UUID]) -> None:
    for name, ids, states in (("refuse", refuse, ("proposed", "agreed")), ("agree", agree, ("proposed", "refused"))):
        for exclusion_id in ids:
            row = ledger.get(exclusion_id)
            if row is None:
                raise NotThisAgreements(f"{name}: this agreement's ledger has no exclusion {exclusion_id}")
            if row.state not in states:
                raise NotThisAgreements(
                    f"{name}: {exclusion_id} is {row.state}; give one that is {' or '.join(states)}"
                )
    both = set(refuse) & set(agree)
    if both:
        raise NotThisAgreements(f"refuse, agree: {', '.join(map(str, sorted(both)))} cannot be both")


async def _compute(session: AsyncSession, agreement: Row[Any], period: date, held: Sequence[Row[Any]]) -> Account:
    """The account with these exclusions, from the facts as they are."""
    now = clock.now()
    agreed = [evaluations.agreed_time(row) for row in held]
    lines = []
    for clause in await clauses.list_clauses(session, agreement_id=agreement.id):
        if not evaluations.counts_in(clause, period, now):
            continue
        outcome = await evaluations.assess(session, clause, period, agreed, now)
        value = outcome.adjusted.value
        promise = promise_of(clause.terms)
        tier = None if clause.penalty is None or value is None else rules.find_tier(clause.penalty, value)
        lines.append(
            Line(
                clause_id=clause.id,
                key=clause.key,
                title=clause.title,
                unit=promise.unit,
                target=promise.target,
                raw=outcome.raw.value,
                excluded=outcome.excluded,
                value=value,
                n=outcome.adjusted.n,
                verdict=outcome.verdict,
                tier=tier,
                penalty=rules.assess_penalty(clause.penalty, value, agreement.fee),
            )
        )
    return await _account(session, agreement, period, lines)
