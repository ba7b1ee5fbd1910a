"""Use cases that need both parties: signing, which makes the clauses' measures, and the end."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import content, problems, repository, rules
from services.metrics.agreements.records import (
    TURN_JOB,
    counted_confirmations,
    find_agreement,
    lock_agreement,
    move,
    tell,
    today,
)
from services.metrics.expectations import service as expectations
from services.metrics.expectations.schemas import TargetBody
from services.metrics.measures import service as measures
from services.metrics.settlements.repository import has_open_settlements
from shared import clock
from shared.database import wake_after_commit
from shared.events import agreements as events
from shared.events.envelope import current_origin
from shared.problems import Missing


async def sign(session: AsyncSession, agreement_id: UUID, if_match: str | None, reason: str | None) -> Row[Any]:
    """R71, R111: both parties have confirmed all of it. Its clauses make their measures with targets (R89).

    Raises:
        AgreementNotFound, LostUpdate, IllegalTransition, and what `content.check` raises
        Missing: names what signing still needs.
        ReasonNeeded: it counts from a day that has passed.
        OverlappingAgreement: the customer has another one on the same service at the same time.
        UnsoundClause: a clause of the revision before had the same key and measured something else.
    """
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("sign", agreement.state)
    clauses = await repository.list_clauses(session, agreement_id)
    counted = await counted_confirmations(session, agreement)
    missing = rules.find_missing_to_sign(counted, len(clauses), bool(agreement.exemptions))
    if missing:
        raise Missing("sign", missing)
    await content.check(session, content.body_of(agreement, clauses))
    if agreement.effective_from < today() and reason is None:
        raise problems.ReasonNeeded(
            f"reason: it counts from {agreement.effective_from}, which has passed; say why it is back-dated"
        )
    await repository.hold_customer(session, agreement.customer)
    other = await repository.find_overlapping(session, agreement)
    if other is not None:
        shared = ", ".join(sorted(set(agreement.services) & set(other.services)))
        raise problems.OverlappingAgreement(
            f"{other.number} promises {shared} to {agreement.customer!r} from {other.effective_from} to "
            f"{other.effective_to}; end it first, or let this one cover other services or other days",
            agreement_id=other.id,
        )
    await _check_kinds(session, agreement, clauses)
    await _measure_clauses(session, agreement, clauses, agreement.effective_from)
    now = clock.now()
    signed = await move(
        session,
        agreement,
        "sign",
        "signed",
        reason,
        signed_by=current_origin.get().actor,
        signed_at=now,
        reason=reason,
    )
    await tell(
        session,
        signed,
        events.AgreementSigned,
        predecessor_id=signed.predecessor_id,
        digest=signed.digest,
        signed_by=signed.signed_by,
        signed_at=signed.signed_at,
        calendar=signed.calendar,
        settled_by=signed.settled_by,
        fee=str(signed.fee),
        currency=signed.currency,
        clauses=tuple(content.promised(row) for row in await repository.list_clauses(session, agreement_id)),
    )
    wake_after_commit(session, TURN_JOB)
    return signed


async def _check_kinds(session: AsyncSession, agreement: Row[Any], clauses: Sequence[Row[Any]]) -> None:
    """One measure is told in one unit: a key stands for the same kind of promise in every revision (R28)."""
    if agreement.predecessor_id is None:
        return
    earlier = await repository.list_clauses(session, agreement.predecessor_id)
    before = {row.key: content.promise_of_row(row) for row in earlier}
    for clause in clauses:
        promise = content.promise_of_row(clause)
        last = before.get(clause.key, promise)
        if (last.unit, last.direction) != (promise.unit, promise.direction):
            raise problems.UnsoundClause(
                f"clauses.{clause.key}: it was told in {last.unit} ({last.direction}) and would be told in "
                f"{promise.unit} ({promise.direction}); a promise of another kind needs a key of its own",
                clause=clause.key,
            )


async def _measure_clauses(
    session: AsyncSession, agreement: Row[Any], clauses: Sequence[Row[Any]], since: date
) -> None:
    """R89: each clause makes the measure that follows from it; from `since` on its promise is that measure's target."""
    for clause in clauses:
        promise = content.promise_of_row(clause)
        key = f"sla.{rules.slug_of(agreement.number)}.{clause.key}"
        await measures.define_clause_measure(
            session,
            key,
            name=f"{agreement.number} · {clause.title}",
            description=f"{agreement.title}: {clause.title}",
            owner=agreement.owner,
            clause_id=clause.id,
            promise=promise,
            frequency=agreement.settled_by,
        )
        target = TargetBody(
            value=promise.target,
            effective_from=since,
            reason=f"promised by {agreement.number}, revision {agreement.revision}, clause {clause.key}",
        )
        await expectations.set_target(session, key, target, origin="agreement")
        await repository.set_measure(session, clause.id, key)


async def terminate(session: AsyncSession, agreement_id: UUID, if_match: str | None, reason: str) -> Row[Any]:
    """End it today. What was signed ends only after both parties confirmed its execution (R160) and every fee is
    settled (R159); what was not signed is given up.

    Raises:
        AgreementNotFound, LostUpdate, IllegalTransition
        Missing: names whose confirmation or which settlement.
    """
    agreement = await lock_agreement(session, agreement_id, if_match)
    rules.check_allowed("terminate", agreement.state)
    if agreement.state not in rules.LIVING:
        return await move(session, agreement, "terminate", "terminated", reason, reason=reason)
    counted = await counted_confirmations(session, agreement)
    missing = rules.find_missing_to_end(counted, await has_open_settlements(session, agreement_id))
    if missing:
        raise Missing("terminate", missing)
    if agreement.state == "signed":
        await _give_back(session, agreement)
    return await end(session, agreement, "terminated", "terminate", min(today(), agreement.effective_to), reason)


async def _give_back(session: AsyncSession, agreement: Row[Any]) -> None:
    """A revision that never counted leaves its measures and targets to the one before, which goes on."""
    if agreement.predecessor_id is None:
        return
    before = await find_agreement(session, agreement.predecessor_id)
    if before.state in rules.LIVING and agreement.effective_from <= before.effective_to:
        clauses = await repository.list_clauses(session, before.id)
        await _measure_clauses(session, before, clauses, agreement.effective_from)


async def end(
    session: AsyncSession,
    agreement: Row[Any],
    ending: rules.State,
    action: str,
    ended_on: date,
    reason: str | None,
    successor_id: UUID | None = None,
) -> Row[Any]:
    """Bring it to one of its ends, and tell of it."""
    ended = await move(session, agreement, action, ending, reason, ended_on=ended_on, reason=reason)
    counted = await counted_confirmations(session, ended)
    await tell(
        session,
        ended,
        events.AgreementTerminated,
        ending=ending,
        ended_on=ended_on,
        reason=reason,
        execution_confirmed=not rules.find_missing_to_end(counted, has_open_settlements=False),
        successor_id=successor_id,
    )
    return ended
