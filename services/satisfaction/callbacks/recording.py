"""What came of a call: attempts, the customer's answers, giving up."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository, rules
from services.satisfaction.callbacks.callers.service import list_names
from services.satisfaction.callbacks.conduct.service import find_versions
from services.satisfaction.callbacks.schemas import Completion, GivingUp, NewAttempt
from services.satisfaction.callbacks.service import describe, tell
from services.satisfaction.callbacks.worklist import service as worklist
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Principal
from shared.events.callbacks import (
    CallbackAttempted,
    CallbackCompleted,
    CallbackUnreachable,
    DissatisfactionRecorded,
    ResolutionDisputed,
)
from shared.events.envelope import Fact
from shared.ids import new_id

CUSTOMER = "customer"
"""Who completed a callback that was answered by link."""


async def record_attempt(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    attempt: NewAttempt,
    now: datetime,
    thresholds: SatisfactionSettings,
) -> tuple[Row[Any], Row[Any]]:
    """Note a try to reach the customer; returns the attempt and the callback, which stays due. The call is over: the
    caller holds the customer no more. What the customer wants to be called about again is no history.

    Raises:
        CallerIsResolver, IllegalTransition, HeldByAnother, TimeInFuture, TimeBeforeResolution, NextAttemptNotLater
    """
    rules.check_caller(await list_names(session, caller), callback.resolver)
    rules.check_open("record an attempt", callback.state)
    await worklist.check_free(session, callback, caller, now, thresholds)
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
            "history": callback.history and attempt.next_attempt_at is None,
            "version": callback.version + 1,
        },
    )
    attempted = CallbackAttempted(
        **describe(callback),
        attempted_at=attempted_at,
        attempted_by=caller.subject,
        channel=attempt.channel,
        outcome=attempt.outcome,
    )
    await tell(session, callback, [attempted])
    await worklist.end_call(session, callback, caller, now, thresholds)
    return row, callback


async def complete_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    completion: Completion,
    now: datetime,
    thresholds: SatisfactionSettings,
) -> Row[Any]:
    """Note what the customer answered when asked (R81, R82). The caller keeps hold of the customer while there is more
    to ask about.

    Raises:
        CallerIsResolver, IllegalTransition, HeldByAnother, TimeInFuture, TimeBeforeResolution
        Malformed: an item of conduct that nobody asks about.
    """
    rules.check_caller(await list_names(session, caller), callback.resolver)
    rules.check_open("complete", callback.state)
    await worklist.check_free(session, callback, caller, now, thresholds)
    callback = await _complete(session, callback, caller.subject, completion, now, thresholds)
    await worklist.end_or_go_on(session, callback, caller, now, thresholds)
    return callback


async def complete_by_link(
    session: AsyncSession, callback: Row[Any], completion: Completion, now: datetime, thresholds: SatisfactionSettings
) -> Row[Any]:
    """Take what the customer answered by link, whoever may be calling at that moment.

    Raises:
        IllegalTransition, Malformed
    """
    rules.check_open("answer", callback.state)
    return await _complete(session, callback, CUSTOMER, completion, now, thresholds)


async def _complete(
    session: AsyncSession,
    callback: Row[Any],
    by: str,
    completion: Completion,
    now: datetime,
    thresholds: SatisfactionSettings,
) -> Row[Any]:
    """A "no" is also told as a dispute, a low score as dissatisfaction."""
    completed_at = completion.completed_at or now
    rules.check_moment("completed_at", completed_at, callback.resolved_at, now)
    conduct = completion.conduct or {}
    versions = await find_versions(session, conduct)
    known = describe(callback)
    told: list[Fact] = [
        CallbackCompleted(
            **known,
            completed_at=completed_at,
            completed_by=by,
            channel=completion.channel,
            solved=completion.solved,
            score=completion.score,
            comment=completion.comment,
            on_time=rules.is_on_time(completed_at, callback.due_at),
            conduct=conduct,
        )
    ]
    if rules.is_disputed(completion.solved):
        told.append(
            ResolutionDisputed(
                **known,
                disputed_at=completed_at,
                solved=completion.solved,
                comment=completion.comment,
                score=completion.score,
                channel=completion.channel,
            )
        )
    if rules.is_dissatisfied(completion.score, thresholds.dissatisfied_up_to_score):
        told.append(
            DissatisfactionRecorded(
                **known,
                recorded_at=completed_at,
                score=completion.score,
                comment=completion.comment,
                solved=completion.solved,
                channel=completion.channel,
                conduct=conduct,
            )
        )
    callback = await repository.update(
        session,
        callback.id,
        {
            "state": "completed",
            "completed_at": completed_at,
            "completed_by": by,
            "channel": completion.channel,
            "solved": completion.solved,
            "score": completion.score,
            "comment": completion.comment,
            "conduct": conduct or None,
            "conduct_versions": versions or None,
            "next_attempt_at": None,
            "version": callback.version + len(told),
        },
    )
    await tell(session, callback, told)
    return callback


async def give_up_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    giving_up: GivingUp,
    now: datetime,
    thresholds: SatisfactionSettings,
) -> Row[Any]:
    """Note that the customer cannot be reached; it stays in the denominator (F23).

    Raises:
        CallerIsResolver, IllegalTransition, HeldByAnother
        Missing: too few failed attempts.
    """
    rules.check_caller(await list_names(session, caller), callback.resolver)
    rules.check_open("give up", callback.state)
    await worklist.check_free(session, callback, caller, now, thresholds)
    rules.check_exhausted(callback.failed_attempt_count, thresholds.unreachable_after_attempts)
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
        **describe(callback),
        decided_at=now,
        decided_by=caller.subject,
        attempts=callback.attempt_count,
        reason=giving_up.reason,
    )
    await tell(session, callback, [unreachable])
    await worklist.end_or_go_on(session, callback, caller, now, thresholds)
    return callback
