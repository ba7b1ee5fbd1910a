"""Every SQL statement on change requests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.changes.models import Attempt, Change, Report
from services.improvement.improvements.models import Improvement

_CANCEL_STALE = text(
    """
    UPDATE change_requests c
    SET state = 'cancelled', next_attempt_at = NULL, version = c.version + 1, updated_at = :now,
        last_error = 'the plan is not approved any more'
    FROM improvements i
    WHERE c.state = 'pending' AND i.id = c.improvement_id
      AND (i.revision <> c.revision OR i.state NOT IN ('approved', 'implementing', 'on_hold'))
    """
)
_SUPERSEDE = text(
    """
    UPDATE change_requests c
    SET state = 'superseded', next_attempt_at = NULL, version = c.version + 1, updated_at = :now, last_error = s.reason
    FROM unnest(:ids ::uuid[], :reasons ::text[]) AS s (id, reason)
    WHERE c.id = s.id AND c.state IN ('raised', 'accepted')
    """
)
_CLOSE_LOST = text(
    "UPDATE change_attempts SET finished_at = :now, outcome = 'lost', error = :error "
    "WHERE finished_at IS NULL AND change_id = ANY(:ids)"
)
_LOST = "the process ended while this was under way; the system is searched before it is tried again"
WAITING = ("raised", "accepted")
"""States whose outcome is asked for."""


class Counts(NamedTuple):
    """How many changes of a state; `retried` of them failed before, `next_attempt_at` is the earliest."""

    state: str
    changes: int
    retried: int
    next_attempt_at: datetime | None


async def insert_new(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One change for each revision; what is there stays as it is."""
    await session.execute(upsert(Change).on_conflict_do_nothing(), rows)


async def find(session: AsyncSession, change_id: UUID) -> Change | None:
    return await session.get(Change, change_id)


async def find_of_revision(session: AsyncSession, improvement_id: UUID, revision: int) -> Change | None:
    return await session.scalar(
        select(Change).where(col(Change.improvement_id) == improvement_id, col(Change.revision) == revision)
    )


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[Change]:
    """Those of every revision, oldest first."""
    query = select(Change).where(col(Change.improvement_id) == improvement_id).order_by(col(Change.revision))
    return (await session.scalars(query)).all()


async def lock(session: AsyncSession, change_id: UUID) -> Change | None:
    return await session.scalar(_locked(select(Change).where(col(Change.id) == change_id)))


async def lock_by(session: AsyncSession, connection: str, column: str, value: str) -> Change | None:
    """The newest change of this connection whose column equals the value, locked."""
    query = select(Change).where(col(Change.connection) == connection, getattr(Change, column) == value)
    return await session.scalar(_locked(query.order_by(col(Change.id).desc()).limit(1)))


async def list_newest(
    session: AsyncSession, filters: Mapping[str, Any], is_retried: bool | None, before: UUID | None, limit: int
) -> Sequence[Change]:
    query = select(Change).order_by(col(Change.id).desc()).limit(limit)
    for column, value in filters.items():
        query = query.where(getattr(Change, column) == value)
    if is_retried is not None:
        query = query.where(_IS_RETRIED if is_retried else ~_IS_RETRIED)
    if before is not None:
        query = query.where(col(Change.id) < before)
    return (await session.scalars(query)).all()


_IS_RETRIED: ColumnElement[bool] = col(Change.last_error).is_not(None) & col(Change.next_attempt_at).is_not(None)


async def count_by_state(session: AsyncSession, connection: str | None) -> Sequence[Counts]:
    query = select(
        col(Change.state), func.count(), func.count().filter(_IS_RETRIED), func.min(col(Change.next_attempt_at))
    )
    if connection is not None:
        query = query.where(col(Change.connection) == connection)
    rows = await session.execute(query.group_by(col(Change.state)).order_by(col(Change.state)))
    return [Counts(*row) for row in rows]


async def cancel_stale(session: AsyncSession, now: datetime) -> None:
    """What is pending for a plan that was revised or withdrawn is raised no more."""
    await session.execute(_CANCEL_STALE, {"now": now})


async def list_waiting_of(
    session: AsyncSession, improvement_ids: Collection[UUID]
) -> Sequence[tuple[Change, Improvement]]:
    """Raised changes of these improvements, with them; the changes are locked."""
    query = (
        select(Change, Improvement)
        .join(Improvement, col(Improvement.id) == col(Change.improvement_id))
        .where(col(Change.improvement_id).in_(improvement_ids), col(Change.state).in_(WAITING))
        .order_by(col(Change.id))
        .with_for_update(of=Change)
    )
    return [(row[0], row[1]) for row in await session.execute(query.execution_options(populate_existing=True))]


async def supersede(session: AsyncSession, reasons: Mapping[UUID, str], now: datetime) -> None:
    """These changes count no more; outcomes of them move nothing."""
    told = {"ids": list(reasons), "reasons": list(reasons.values()), "now": now}
    await session.execute(_SUPERSEDE, told)


async def list_pending_connections(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Connections that a change is to be raised by now."""
    query = select(col(Change.connection)).where(col(Change.state) == "pending", col(Change.next_attempt_at) <= now)
    return (await session.scalars(query.distinct().order_by(col(Change.connection)))).all()


async def list_waiting_connections(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Connections that are to be asked for an outcome now."""
    query = select(col(Change.connection)).where(col(Change.state).in_(WAITING), col(Change.next_attempt_at) <= now)
    return (await session.scalars(query.distinct().order_by(col(Change.connection)))).all()


async def claim_pending(
    session: AsyncSession, connection: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Change]:
    """Changes to raise now; nobody else takes them before the lease is over. What is on hold waits."""
    query = (
        select(Change)
        .join(Improvement, col(Improvement.id) == col(Change.improvement_id))
        .where(
            col(Change.connection) == connection,
            col(Change.state) == "pending",
            col(Change.next_attempt_at) <= now,
            col(Improvement.revision) == col(Change.revision),
            col(Improvement.state).in_(("approved", "implementing")),
        )
    )
    changes = (await session.scalars(_due(query, limit))).all()
    for change in changes:
        change.attempts += 1
        change.next_attempt_at = now + lease
    lost = {"ids": [change.id for change in changes], "now": now, "error": _LOST}
    await session.execute(_CLOSE_LOST, lost)
    return changes


async def claim_waiting(
    session: AsyncSession, connection: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Change]:
    """Changes whose outcome is to be asked for now; nobody else asks before the lease is over."""
    query = select(Change).where(
        col(Change.connection) == connection, col(Change.state).in_(WAITING), col(Change.next_attempt_at) <= now
    )
    changes = (await session.scalars(_due(query, limit))).all()
    for change in changes:
        change.next_attempt_at = now + lease
    return changes


async def start_attempt(session: AsyncSession, change_id: UUID, connection: str, now: datetime) -> int:
    """Returns the attempt's id."""
    query = insert(Attempt).values(change_id=change_id, connection=connection, started_at=now)
    return (await session.execute(query.returning(col(Attempt.id)))).scalar_one()


async def finish_attempt(session: AsyncSession, attempt_id: int, **values: Any) -> None:
    """What was taken for lost meanwhile stays so."""
    query = update(Attempt).where(col(Attempt.id) == attempt_id, col(Attempt.finished_at).is_(None))
    await session.execute(query.values(**values))


async def list_attempts(session: AsyncSession, change_id: UUID) -> Sequence[Attempt]:
    """Oldest first."""
    query = select(Attempt).where(col(Attempt.change_id) == change_id).order_by(col(Attempt.id))
    return (await session.scalars(query)).all()


async def append_report(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(Report).values(**values))


async def find_last_report(session: AsyncSession, change_id: UUID) -> Report | None:
    query = select(Report).where(col(Report.change_id) == change_id).order_by(col(Report.id).desc()).limit(1)
    return await session.scalar(query)


async def list_reports(session: AsyncSession, change_id: UUID) -> Sequence[Report]:
    """Oldest first."""
    query = select(Report).where(col(Report.change_id) == change_id).order_by(col(Report.id))
    return (await session.scalars(query)).all()


def _due(query: Select[Change], limit: int) -> Select[Change]:
    return query.order_by(col(Change.next_attempt_at)).limit(limit).with_for_update(of=Change, skip_locked=True)


def _locked(query: Select[Change]) -> Select[Change]:
    return query.with_for_update().execution_options(populate_existing=True)
