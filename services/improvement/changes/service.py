"""Use cases of change requests: exactly one for each approved revision, and what becomes of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import repository, rules
from services.improvement.changes.models import Change
from services.improvement.connections import repository as connections
from services.improvement.connections.models import Connection
from services.improvement.connections.service import BUILT_IN
from services.improvement.improvements.service import draft, lock_improvement, touch
from shared import problems
from shared.database import wake_after_commit
from shared.events.envelope import Event, current_origin
from shared.events.improvement import (
    ChangeAccepted,
    ChangeFact,
    ChangeFailed,
    ChangeImplemented,
    ChangeRaised,
    ImprovementApproved,
)
from shared.ids import new_id
from shared.outbox import record_all
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange

RAISE_JOB = "improvement.changes.raise"


class ChangeNotFound(problems.NotFound):
    pass


async def request_changes(session: AsyncSession, events: Sequence[Event[ImprovementApproved]]) -> None:
    """R12: what is approved goes to change management; a job raises it."""
    default = await connections.find_default(session)
    rows = [_row(event, default) for event in events]
    await repository.insert_new(session, rows)
    wake_after_commit(session, RAISE_JOB)


async def get_change(session: AsyncSession, change_id: UUID) -> Change:
    """Raises `ChangeNotFound`."""
    change = await repository.find(session, change_id)
    if change is None:
        raise ChangeNotFound(f"there is no change {change_id}")
    return change


async def note_raised(
    session: AsyncSession, change_id: UUID, raised: RaisedChange, poll: timedelta, now: datetime
) -> None:
    """It is there. A plan that was given up meanwhile stays given up, with the id that people need to end it there."""
    change = await _lock(session, change_id)
    change.external_id, change.url, change.raised_at = raised.external_id, raised.url, now
    change.last_error = None
    if change.state != "pending":
        return
    change.state, change.attempts, change.next_attempt_at = "raised", 0, now + poll
    await _tell(session, change, ChangeRaised, now, external_id=raised.external_id, url=raised.url)


async def note_not_raised(
    session: AsyncSession, change_id: UUID, error: str, schedule_seconds: Sequence[float], luck: float, now: datetime
) -> None:
    """Try again as the schedule says; after its end the change has failed, for everyone to see."""
    change = await _lock(session, change_id)
    if change.state != "pending":
        return
    change.last_error = error
    delay = rules.retry_delay(change.attempts, schedule_seconds, luck)
    if delay is not None:
        change.next_attempt_at = now + delay
        change.updated_at = now
        return
    change.state, change.next_attempt_at = "failed", None
    reason = f"could not be raised after {change.attempts} attempts: {error}"
    await _tell(session, change, ChangeFailed, now, external_id=None, reason=reason)


async def raise_again(session: AsyncSession, change_id: UUID, now: datetime) -> Change:
    """Another round of attempts for a change that could not be raised.

    Raises:
        ChangeNotFound, IllegalTransition
    """
    change = await _lock(session, change_id)
    rules.allow_raise(change.state, change.external_id)
    change.state, change.attempts, change.next_attempt_at, change.last_error = "pending", 0, now, None
    change.version += 1
    change.updated_at = now
    wake_after_commit(session, RAISE_JOB)
    return change


async def settle_change(session: AsyncSession, change_id: UUID, outcome: ChangeOutcome, now: datetime) -> Change:
    """What became of it (R119); told again it has no second effect.

    Raises:
        ChangeNotFound, IllegalTransition, Malformed
    """
    change = await _lock(session, change_id)
    await _settle(session, change, outcome, now)
    return change


async def settle_inbound(
    session: AsyncSession,
    connection: str,
    reference: str | None,
    external_id: str | None,
    outcome: ChangeOutcome,
    now: datetime,
) -> Change:
    """What a ticketing system told of a change of its own connection.

    Raises:
        ChangeNotFound, IllegalTransition, Malformed
    """
    column, value = ("reference", reference) if reference is not None else ("external_id", external_id or "")
    change = await repository.lock_by(session, connection, column, value or "")
    if change is None:
        raise ChangeNotFound(f"connection '{connection}' has no change with the {column.replace('_', ' ')} '{value}'")
    await _settle(session, change, outcome, now)
    return change


async def _settle(session: AsyncSession, change: Change, outcome: ChangeOutcome, now: datetime) -> None:
    if not rules.judge_outcome(change.state, change.accepted_at, change.implemented_at, outcome, now):
        return
    change.state = outcome.state
    change.last_error = None
    match outcome.state:
        case "accepted":
            change.accepted_at = now
            await _tell(session, change, ChangeAccepted, now, external_id=change.external_id)
        case "implemented":
            change.implemented_at, change.next_attempt_at = outcome.implemented_at or now, None
            told = {"external_id": change.external_id, "implemented_at": change.implemented_at}
            await _tell(session, change, ChangeImplemented, now, **told)
        case "failed":
            reason = outcome.reason or "the ticketing system says that it failed"
            change.last_error, change.next_attempt_at = reason, None
            await _tell(session, change, ChangeFailed, now, external_id=change.external_id, reason=reason)


async def _lock(session: AsyncSession, change_id: UUID) -> Change:
    change = await repository.lock(session, change_id)
    if change is None:
        raise ChangeNotFound(f"there is no change {change_id}")
    return change


async def _tell(
    session: AsyncSession, change: Change, contract: type[ChangeFact], now: datetime, **extra: object
) -> None:
    """Record an event in the story of the improvement, which shows this change: both have a new version."""
    change.version += 1
    change.updated_at = now
    record = await lock_improvement(session, change.improvement_id)
    touch(record, now)
    fact = contract.model_validate(
        {
            "change_id": change.id,
            "improvement_id": change.improvement_id,
            "revision": change.revision,
            "connection": change.connection,
            "system": change.system,
            **extra,
        }
    )
    await record_all(session, [draft(record, fact, current_origin.get())])


def _row(event: Event[ImprovementApproved], connection: Connection | None) -> dict[str, Any]:
    fact = event.data
    reference = rules.refer_to(fact.improvement_id, fact.revision)
    request = ChangeRequest(
        correlation_id=reference,
        number=fact.number,
        title=fact.title,
        problem=fact.problem,
        plan=fact.plan,
        root_cause=fact.root_cause,
        impact=fact.impact_assessment,
        owner=fact.owner,
        approved_by=fact.approved_by,
        planned_start=fact.planned_start,
        planned_end=fact.planned_end,
    )
    return {
        "id": new_id(),
        "improvement_id": fact.improvement_id,
        "revision": fact.revision,
        "reference": reference,
        "correlation_id": event.correlation_id,
        "version": 1,
        "connection": connection.key if connection else BUILT_IN,
        "system": connection.system if connection else "memory",
        "state": "pending",
        "body": request.model_dump(mode="json"),
        "attempts": 0,
        "next_attempt_at": event.time,
        "created_at": event.time,
        "updated_at": event.time,
    }
