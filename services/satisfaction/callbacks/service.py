"""Use cases of the callbacks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository, rules
from services.satisfaction.callbacks.repository import Scope
from services.satisfaction.callbacks.schemas import Completion, Coverage, GivingUp, NewAttempt
from shared import problems
from shared.auth import Principal
from shared.database import Database
from shared.events.envelope import Draft, Event, Fact, Origin
from shared.events.metrics import IncidentFact, IncidentReopened, IncidentResolved
from shared.events.satisfaction import (
    CallbackAttempted,
    CallbackCancelled,
    CallbackCompleted,
    CallbackOverdue,
    CallbackScheduled,
    CallbackUnreachable,
    DissatisfactionRecorded,
    ResolutionDisputed,
)
from shared.ids import new_id
from shared.outbox import record, record_all

ACTOR = "service:satisfaction"
REOPENED = "the incident was reopened"


Resolution = TypeVar("Resolution", IncidentResolved, IncidentReopened)


class CallbackNotFound(problems.NotFound):
    pass


async def schedule_callbacks(session: AsyncSession, events: Sequence[Event[IncidentResolved]]) -> None:
    """R59, R80: one callback for every resolution, due 24 h later, however often and in whatever order it is told.

    Where a reopen of this or of a later resolution was heard first, the callback is cancelled from the beginning.
    """
    resolved_ats = [event.data.resolved_at for event in events]
    await _add(session, events, resolved_ats, [None] * len(events))


async def cancel_callbacks(session: AsyncSession, events: Sequence[Event[IncidentReopened]]) -> None:
    """A reopen cancels the callback of the resolution that it undoes, and those of earlier ones that are still due.

    A reopen that is heard before its resolution leaves a cancelled callback, so that the resolution changes nothing
    when it comes; where such a reopen does not say when the incident was resolved, its own time stands in. What was
    completed or given up stays as it is. A reopen without a resolution (number 0) undoes none.
    """
    events = [event for event in events if event.data.resolution_number > 0]
    if not events:
        return
    reopened_ats = [event.data.reopened_at for event in events]
    resolved_ats = [event.data.resolved_at or event.data.reopened_at for event in events]
    await _add(session, events, resolved_ats, reopened_ats)

    reopens: dict[UUID, dict[int, Event[IncidentReopened]]] = {}
    for event in events:
        reopens.setdefault(event.data.ticket_id, {}).setdefault(event.data.resolution_number, event)
    causes: dict[UUID, Event[IncidentReopened]] = {}
    undone: dict[UUID, datetime] = {}
    for row in await repository.lock_of_tickets(session, reopens):
        of_ticket = reopens[row.ticket_id]
        number = rules.find_cancelling(row.resolution_number, of_ticket)
        if number is None:
            continue
        if row.state == "due":
            causes[row.id] = of_ticket[number]
        if number == row.resolution_number and row.reopened_at is None:
            undone[row.id] = of_ticket[number].data.reopened_at
    if undone:
        await repository.mark_reopened(session, undone)
    if causes:
        rows = await repository.cancel(session, {id_: event.data.reopened_at for id_, event in causes.items()})
        await record_all(session, [_tell_cancelled(row, causes[row.id]) for row in rows])


async def _add(
    session: AsyncSession,
    events: Sequence[Event[Resolution]],
    resolved_ats: list[datetime],
    reopened_ats: Sequence[datetime | None],
) -> None:
    """Add a callback for each of these and tell of those that are new: scheduled, or cancelled from the beginning."""
    ids = [new_id() for _ in events]
    facts: list[IncidentFact] = [event.data for event in events]
    due_ats = [rules.compute_due_at(resolved_at) for resolved_at in resolved_ats]
    columns: dict[str, list[Any]] = {
        "ids": ids,
        "ticket_ids": [fact.ticket_id for fact in facts],
        "sources": [fact.source for fact in facts],
        "external_ids": [fact.external_id for fact in facts],
        "resolution_numbers": [fact.resolution_number for fact in facts],
        "titles": [fact.title for fact in facts],
        "priorities": [fact.priority for fact in facts],
        "services": [fact.service for fact in facts],
        "customers": [fact.customer for fact in facts],
        "projects": [fact.project for fact in facts],
        "groups": [fact.group for fact in facts],
        "resolvers": [fact.resolver for fact in facts],
        "resolved_ats": resolved_ats,
        "due_ats": due_ats,
        "correlation_ids": [event.correlation_id for event in events],
        "reopened_ats": list(reopened_ats),
    }
    added = {row.id: row.cancelled_at for row in await repository.insert(session, columns)}
    drafts = []
    for id_, event, resolved_at, due_at in zip(ids, events, resolved_ats, due_ats, strict=True):
        if id_ in added:
            told = _describe(id_, event.data, resolved_at, due_at)
            cancelled_at = added[id_]
            fact = (
                CallbackScheduled(**told)
                if cancelled_at is None
                else CallbackCancelled(**told, cancelled_at=cancelled_at, reason=REOPENED)
            )
            drafts.append(Draft(fact, str(id_), 1, event.origin(ACTOR)))
    await record_all(session, drafts)


async def notice_overdue(database: Database, now: datetime, most: int) -> int:
    """R80: tell of up to `most` callbacks whose 24 h are over, each once; returns how many."""
    async with database.transaction() as session:
        rows = await repository.notice_overdue(session, now, most)
        drafts = [
            Draft(
                CallbackOverdue(**_facts(row), noticed_at=now),
                str(row.id),
                row.version,
                Origin(ACTOR, row.correlation_id),
            )
            for row in rows
        ]
        await record_all(session, drafts)
    return len(rows)


async def get_callback(session: AsyncSession, callback_id: UUID) -> Row[Any]:
    """Raises `CallbackNotFound`."""
    row = await repository.get(session, callback_id)
    if row is None:
        raise CallbackNotFound(f"no callback {callback_id}")
    return row


async def lock_callback(session: AsyncSession, callback_id: UUID) -> Row[Any]:
    """Raises `CallbackNotFound`."""
    row = await repository.lock(session, callback_id)
    if row is None:
        raise CallbackNotFound(f"no callback {callback_id}")
    return row


async def record_attempt(
    session: AsyncSession, callback: Row[Any], caller: Principal, attempt: NewAttempt, now: datetime
) -> tuple[Row[Any], Row[Any]]:
    """Note a try to reach the customer; returns the attempt and the callback, which stays due.

    Raises:
        CallerIsResolver, IllegalTransition, TimeInFuture, TimeBeforeResolution, NextAttemptNotLater
    """
    rules.check_caller(caller.subject, caller.name, callback.resolver)
    rules.check_open("record an attempt", callback.state)
    attempted_at = attempt.attempted_at or now
    rules.check_moment("attempted_at", attempted_at, callback.resolved_at, now)
    rules.check_next_attempt(attempt.next_attempt_at, attempted_at)
    row = await repository.add_attempt(
        session,
        {
            "id": new_id(),
            "callback_id": callback.id,
            "number": callback.attempt_count + 1,
            "attempted_at": attempted_at,
            "attempted_by": caller.subject,
            "channel": attempt.channel,
            "outcome": attempt.outcome,
            "note": attempt.note,
            "next_attempt_at": attempt.next_attempt_at,
        },
    )
    callback = await repository.update(
        session,
        callback.id,
        {
            "attempt_count": callback.attempt_count + 1,
            "failed_attempt_count": callback.failed_attempt_count + rules.is_failed(attempt.outcome),
            "last_attempt_at": max(attempted_at, callback.last_attempt_at or attempted_at),
            "next_attempt_at": attempt.next_attempt_at,
            "version": callback.version + 1,
        },
    )
    attempted = CallbackAttempted(
        **_facts(callback),
        attempted_at=attempted_at,
        attempted_by=caller.subject,
        channel=attempt.channel,
        outcome=attempt.outcome,
    )
    await _record(session, callback, [attempted])
    return row, callback


async def complete_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    completion: Completion,
    now: datetime,
    dissatisfied_up_to_score: int,
) -> Row[Any]:
    """Note the customer's answers (R81, R82); a "no" is also told as a dispute, a low score as dissatisfaction.

    Raises:
        CallerIsResolver, IllegalTransition, TimeInFuture, TimeBeforeResolution
    """
    rules.check_caller(caller.subject, caller.name, callback.resolver)
    rules.check_open("complete", callback.state)
    completed_at = completion.completed_at or now
    rules.check_moment("completed_at", completed_at, callback.resolved_at, now)
    known = _facts(callback)
    told: list[Fact] = [
        CallbackCompleted(
            **known,
            completed_at=completed_at,
            completed_by=caller.subject,
            channel=completion.channel,
            solved=completion.solved,
            score=completion.score,
            comment=completion.comment,
            on_time=rules.is_on_time(completed_at, callback.due_at),
        )
    ]
    if rules.is_disputed(completion.solved):
        told.append(
            ResolutionDisputed(**known, disputed_at=completed_at, solved=completion.solved, comment=completion.comment)
        )
    if rules.is_dissatisfied(completion.score, dissatisfied_up_to_score):
        told.append(
            DissatisfactionRecorded(
                **known, recorded_at=completed_at, score=completion.score, comment=completion.comment
            )
        )
    conduct = completion.conduct.model_dump(exclude_none=True) if completion.conduct else None
    callback = await repository.update(
        session,
        callback.id,
        {
            "state": "completed",
            "completed_at": completed_at,
            "completed_by": caller.subject,
            "channel": completion.channel,
            "solved": completion.solved,
            "score": completion.score,
            "comment": completion.comment,
            "conduct": conduct or None,
            "next_attempt_at": None,
            "version": callback.version + len(told),
        },
    )
    await _record(session, callback, told)
    return callback


async def give_up_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    giving_up: GivingUp,
    now: datetime,
    needed_attempts: int,
) -> Row[Any]:
    """Note that the customer cannot be reached; it stays in the denominator (F23).

    Raises:
        CallerIsResolver, IllegalTransition
        Missing: too few failed attempts.
    """
    rules.check_caller(caller.subject, caller.name, callback.resolver)
    rules.check_open("give up", callback.state)
    rules.check_exhausted(callback.failed_attempt_count, needed_attempts)
    callback = await repository.update(
        session,
        callback.id,
        {
            "state": "unreachable",
            "unreachable_at": now,
            "unreachable_by": caller.subject,
            "unreachable_reason": giving_up.reason,
            "next_attempt_at": None,
            "version": callback.version + 1,
        },
    )
    unreachable = CallbackUnreachable(
        **_facts(callback),
        decided_at=now,
        decided_by=caller.subject,
        attempts=callback.attempt_count,
        reason=giving_up.reason,
    )
    await _record(session, callback, [unreachable])
    return callback


async def measure_coverage(session: AsyncSession, scope: Scope, now: datetime) -> Coverage:
    """F23 over the resolutions of this scope."""
    counts = await repository.count(session, scope, now)
    return Coverage(
        resolved_from=scope.resolved_from,
        resolved_before=scope.resolved_before,
        resolved=counts.resolved,
        completed_on_time=counts.completed_on_time,
        completed_late=counts.completed_late,
        unreachable=counts.unreachable,
        open=counts.open,
        overdue=counts.overdue,
        cancelled=counts.cancelled,
        n=counts.resolved - counts.cancelled,
        coverage=rules.compute_coverage(counts.completed_on_time, counts.resolved, counts.cancelled),
    )


async def _record(session: AsyncSession, callback: Row[Any], told: list[Fact]) -> None:
    """Record these in order; the last one's sequence is the callback's version."""
    first = callback.version - len(told) + 1
    for sequence, fact in enumerate(told, first):
        await record(session, fact, subject=callback.id, sequence=sequence, correlation_id=callback.correlation_id)


def _tell_cancelled(row: Row[Any], cause: Event[IncidentReopened]) -> Draft:
    cancelled = CallbackCancelled(**_facts(row), cancelled_at=row.cancelled_at, reason=REOPENED)
    return Draft(cancelled, str(row.id), row.version, cause.origin(ACTOR))


def _facts(row: Row[Any]) -> dict[str, Any]:
    return _describe(row.id, row, row.resolved_at, row.due_at)


def _describe(callback_id: UUID, ticket: Any, resolved_at: datetime, due_at: datetime) -> dict[str, Any]:
    """What every event of a callback says; `ticket` is a row of `callbacks` or a ticket's facts."""
    return {
        "callback_id": callback_id,
        "ticket_id": ticket.ticket_id,
        "source": ticket.source,
        "external_id": ticket.external_id,
        "resolution_number": ticket.resolution_number,
        "resolved_at": resolved_at,
        "due_at": due_at,
        "service": ticket.service,
        "customer": ticket.customer,
        "group": ticket.group,
        "resolver": ticket.resolver,
    }
