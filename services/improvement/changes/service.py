"""Use cases of change requests: exactly one for each approved revision, raised, raised again, superseded. What becomes
of it is in `reporting`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import repository, rules
from services.improvement.changes.models import Change
from services.improvement.connections import repository as connections
from services.improvement.connections.models import Connection
from services.improvement.connections.service import BUILT_IN, ConnectionUnusable
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import draft, lock_improvement, touch
from shared import problems
from shared.database import wake_after_commit
from shared.events.envelope import Event, current_origin
from shared.events.improvement import (
    ChangeFact,
    ChangeFailed,
    ChangeRaised,
    ImprovementApproved,
    ImprovementFact,
)
from shared.ids import new_id
from shared.outbox import record_all
from shared.ticketing.attempts import Failure, retry_delay
from shared.ticketing.changes import ChangeRequest, RaisedChange

RAISE_JOB = "improvement.changes.raise"


class ChangeNotFound(problems.NotFound):
    pass


async def request_changes(session: AsyncSession, events: Sequence[Event[ImprovementApproved]]) -> None:
    """R12: what is approved goes to change management; a job raises it."""
    default = await connections.find_default(session)
    rows = [_row(event, default) for event in events]
    await repository.insert_new(session, rows)
    wake_after_commit(session, RAISE_JOB)


async def supersede_changes(session: AsyncSession, events: Sequence[Event[ImprovementFact]], now: datetime) -> None:
    """R35: a change of a plan that is no more the approved one counts no more, though it stands in the system; what is
    only pending is raised no more. Looks at the records as they are, so that the events' order does not matter."""
    ids = {event.data.improvement_id for event in events}
    reasons: dict[UUID, str] = {}
    for change, record in await repository.list_waiting_of(session, ids):
        reason = rules.find_superseded(record.state, change.revision, record.revision)
        if reason is not None:
            reasons[change.id] = reason
    await repository.supersede(session, reasons, now)
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
    change = await lock_change(session, change_id)
    if change.external_id is not None and change.external_id != raised.external_id:
        change.last_error = f"another record carries the same mark there: {raised.external_id}; end that one by hand"
        return
    is_news = change.external_id is None
    change.external_id, change.url = raised.external_id, raised.url or change.url
    if is_news:
        change.raised_at = now
    if change.state != "pending":
        return
    change.attempts, change.last_error = 0, None
    record = await lock_improvement(session, change.improvement_id)
    superseded = rules.find_superseded(record.state, change.revision, record.revision)
    if superseded is not None:
        change.state, change.next_attempt_at, change.last_error = "superseded", None, superseded
    else:
        change.state, change.next_attempt_at = "raised", now + poll
    await tell(session, change, ChangeRaised, now, external_id=raised.external_id, url=raised.url)


async def note_not_raised(
    session: AsyncSession,
    change_id: UUID,
    failure: Failure,
    schedule_seconds: Sequence[float],
    luck: float,
    now: datetime,
) -> None:
    """Try again as the schedule says, or when the system said; after the schedule's end, and at once where trying again
    changes nothing, the change has failed, for everyone to see."""
    change = await lock_change(session, change_id)
    if change.state != "pending":
        return
    change.last_error = failure.reason
    delay = retry_delay(change.attempts, schedule_seconds, failure.retry_after_seconds, luck)
    if delay is not None and not failure.is_lasting:
        change.next_attempt_at = now + delay
        change.updated_at = now
        return
    change.state, change.next_attempt_at = "failed", None
    if failure.is_lasting:
        reason = f"could not be raised: {failure.reason}; mend that, then raise it again"
    else:
        reason = f"could not be raised after {change.attempts} attempts: {failure.reason}"
    await tell(session, change, ChangeFailed, now, external_id=None, reason=reason)


async def raise_again(session: AsyncSession, change_id: UUID, now: datetime, by: str | None = None) -> Change:
    """Another round of attempts for a change that could not be raised, by its connection as it is now, or by another
    one.

    Raises:
        ChangeNotFound, IllegalTransition
        ConnectionUnusable: there is none of that name.
    """
    change = await lock_change(session, change_id)
    rules.allow_raise(change.state, change.external_id)
    key = by or change.connection
    connection = await connections.find(session, key)
    if connection is None and key != BUILT_IN:
        raise ConnectionUnusable(
            f"there is no change connection '{key}': PUT /improvement/v1/change-connections/{key}, or name another one "
            'in the body, as {"connection": "desk"}'
        )
    change.connection, change.system = key, connection.system if connection else "memory"
    change.state, change.attempts, change.next_attempt_at, change.last_error = "pending", 0, now, None
    change.version += 1
    change.updated_at = now
    wake_after_commit(session, RAISE_JOB)
    return change


async def lock_change(session: AsyncSession, change_id: UUID) -> Change:
    """Raises `ChangeNotFound`."""
    change = await repository.lock(session, change_id)
    if change is None:
        raise ChangeNotFound(f"there is no change {change_id}")
    return change


async def tell(
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
            "number": format_number(record.number),
            "title": record.title,
            "measure_key": record.measure_key,
            "scope": record.scope,
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
