"""Use cases of reopening: a disputed resolution goes back to the system that the incident came from (R81)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.reopens import repository, rules
from shared import problems
from shared.database import wake_after_commit
from shared.events.callbacks import ResolutionDisputed
from shared.events.envelope import Event
from shared.events.metrics import ReopenFailed
from shared.ids import new_id
from shared.outbox import record
from shared.ticketing.attempts import Failure, describe_failure, retry_delay

REOPEN_JOB = "metrics.reopen"


class ReopenNotFound(problems.NotFound):
    pass


async def note_disputes(session: AsyncSession, events: Sequence[Event[ResolutionDisputed]]) -> None:
    """R81: what the customer disputes is to be reopened where it came from; a job does it."""
    names = ("callback_id", "ticket_id", "source", "external_id", "resolution_number", "disputed_at", "solved")
    rows = [
        {
            **{name: getattr(event.data, name) for name in names},
            "id": new_id(),
            "comment": event.data.comment,
            "correlation_id": event.correlation_id,
            "state": "due",
            "next_attempt_at": event.time,
            "created_at": event.time,
            "updated_at": event.time,
        }
        for event in events
    ]
    await repository.insert_new(session, rows)
    wake_after_commit(session, REOPEN_JOB)


async def get_reopen(session: AsyncSession, reopen_id: UUID) -> Row[Any]:
    """Raises `ReopenNotFound`."""
    row = await repository.get(session, reopen_id)
    if row is None:
        raise ReopenNotFound(f"there is no reopening {reopen_id}")
    return row


async def retry(session: AsyncSession, reopen_id: UUID, now: datetime) -> Row[Any]:
    """Another round of attempts, by the connection as it is now.

    Raises:
        ReopenNotFound
        IllegalTransition: it is under way, or done.
    """
    row = await _lock(session, reopen_id)
    rules.allow_retry(row.state)
    wake_after_commit(session, REOPEN_JOB)
    values: dict[str, Any] = {"state": "due", "attempts": 0, "next_attempt_at": now, "last_error": None}
    return await repository.change(session, reopen_id, **values, updated_at=now)


async def note_done(
    session: AsyncSession, reopen_id: UUID, attempt_id: int, *, was_closed: bool, now: datetime
) -> None:
    """It is open there. That it was reopened is heard from the source itself, by webhook or poll."""
    state = "reopened" if was_closed else "already_open"
    await repository.finish_attempt(session, attempt_id, finished_at=now, outcome=state)
    if (await _lock(session, reopen_id)).state != "due":
        return
    values: dict[str, Any] = {"state": state, "next_attempt_at": None, "last_error": None, "settled_at": now}
    await repository.change(session, reopen_id, **values, updated_at=now)


async def note_failure(
    session: AsyncSession,
    reopen_id: UUID,
    attempt_id: int,
    failure: Failure,
    schedule_seconds: Sequence[float],
    luck: float,
    now: datetime,
) -> None:
    """Try again as the schedule says; what is lasting, and the end of the schedule, is told to everyone."""
    reason = failure.reason
    await repository.finish_attempt(session, attempt_id, finished_at=now, **describe_failure(failure))
    row = await _lock(session, reopen_id)
    if row.state != "due":
        return
    delay = retry_delay(row.attempts, schedule_seconds, failure.retry_after_seconds, luck)
    if delay is not None and not failure.is_lasting:
        await repository.change(session, reopen_id, last_error=reason, next_attempt_at=now + delay, updated_at=now)
        return
    values: dict[str, Any] = {"state": "failed", "next_attempt_at": None, "last_error": reason, "updated_at": now}
    row = await repository.change(session, reopen_id, **values)
    mend = "mend that, then" if failure.is_lasting else f"after {row.attempts} attempts;"
    fact = ReopenFailed(
        reopen_id=row.id,
        callback_id=row.callback_id,
        ticket_id=row.ticket_id,
        source=row.source,
        external_id=row.external_id,
        resolution_number=row.resolution_number,
        attempts=row.attempts,
        reason=f"{reason} ({mend} POST /metrics/v1/reopens/{row.id}/retry)",
    )
    await record(session, fact, subject=row.id, sequence=row.version, correlation_id=row.correlation_id)


async def _lock(session: AsyncSession, reopen_id: UUID) -> Row[Any]:
    row = await repository.lock(session, reopen_id)
    if row is None:
        raise ReopenNotFound(f"there is no reopening {reopen_id}")
    return row
