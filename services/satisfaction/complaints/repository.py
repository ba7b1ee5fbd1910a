"""Every SQL statement on complaints, their deadlines and their timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, or_, select, text, tuple_, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.models import complaint_deadlines, complaint_entries, complaints
from shared.ids import new_id

_MOST_ENTRIES = 1000
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When is due what is not due any more."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None does not narrow. `overdue` is as at `now`."""

    now: datetime
    state: str | None = None
    complaint_class: str | None = None
    owner: str | None = None
    unowned: bool | None = None
    offered_to: str | None = None
    customer: str | None = None
    overdue: bool | None = None
    supervised: bool | None = None
    disputed: bool | None = None
    department: str | None = None
    service: str | None = None


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    row: Row[Any] = (await session.execute(insert(complaints).values(values).returning(complaints))).one()
    return row


async def find(session: AsyncSession, complaint_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(complaints).where(complaints.c.id == complaint_id))).one_or_none()


async def lock(session: AsyncSession, complaint_id: UUID) -> Row[Any] | None:
    query = select(complaints).where(complaints.c.id == complaint_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def find_by_secret(session: AsyncSession, token_hash: bytes) -> Row[Any] | None:
    query = select(complaints).where(complaints.c.token_hash == token_hash)
    return (await session.execute(query)).one_or_none()


async def save(session: AsyncSession, complaint_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write these, and which deadline comes next."""
    first = select(func.min(complaint_deadlines.c.due_at)).where(
        complaint_deadlines.c.complaint_id == complaint_id,
        complaint_deadlines.c.met_at.is_(None),
        complaint_deadlines.c.lifted_at.is_(None),
    )
    query = update(complaints).where(complaints.c.id == complaint_id)
    written = {**values, "next_due_at": first.scalar_subquery()}
    row: Row[Any] = (await session.execute(query.values(written).returning(complaints))).one()
    return row


async def list_newest(
    session: AsyncSession, filters: Filters, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """The latest received first; `before` is time and id of the last one of the page before."""
    query = _narrow(select(complaints), filters)
    if before is not None:
        query = query.where(tuple_(complaints.c.received_at, complaints.c.id) < before)
    query = query.order_by(complaints.c.received_at.desc(), complaints.c.id.desc()).limit(limit)
    return list(await session.execute(query))


async def list_due(
    session: AsyncSession, filters: Filters, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """What is due next first, then what waits for nothing; `after` is its time and id of the last one of the page
    before."""
    due, id_ = complaints.c.next_due_at, complaints.c.id
    query = _narrow(select(complaints), filters)
    if after is not None and after[0] < NEVER:
        query = query.where(or_(tuple_(due, id_) > after, due.is_(None)))
    elif after is not None:
        query = query.where(due.is_(None), id_ > after[1])
    return list(await session.execute(query.order_by(due.asc().nulls_last(), id_).limit(limit)))


def _narrow(query: Select[Any], filters: Filters) -> Select[Any]:
    for name in ("state", "complaint_class", "owner", "offered_to", "customer", "department", "service"):
        value = getattr(filters, name)
        if value is not None:
            query = query.where(complaints.c[name] == value)
    is_overdue = func.coalesce(complaints.c.next_due_at < filters.now, False)
    for wanted, holds in (
        (filters.overdue, is_overdue),
        (filters.unowned, complaints.c.owner.is_(None)),
        (filters.supervised, complaints.c.supervised_by.is_not(None)),
        (filters.disputed, complaints.c.held),
    ):
        if wanted is not None:
            query = query.where(holds if wanted else ~holds)
    return query


async def add_entry(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(complaint_entries).values({"id": new_id(), **values}))


async def list_entries(session: AsyncSession, complaint_id: UUID) -> Sequence[Row[Any]]:
    """The timeline, oldest first."""
    query = select(complaint_entries).where(complaint_entries.c.complaint_id == complaint_id)
    return (await session.execute(query.order_by(complaint_entries.c.id).limit(_MOST_ENTRIES))).all()


async def list_public_entries(session: AsyncSession, complaint_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """What whoever complained may see of these timelines, oldest first."""
    query = select(complaint_entries).where(complaint_entries.c.complaint_id.in_(complaint_ids))
    return (await session.execute(query.where(complaint_entries.c.public).order_by(complaint_entries.c.id))).all()


async def has_entry_since_supervision(session: AsyncSession, complaint_id: UUID) -> bool:
    """Whether progress was reported since it is supervised."""
    entries = complaint_entries.c
    began = select(func.max(entries.at)).where(entries.complaint_id == complaint_id, entries.kind == "supervised")
    query = select(entries.id).where(
        entries.complaint_id == complaint_id, entries.kind == "progress", entries.at >= began.scalar_subquery()
    )
    return (await session.execute(query.limit(1))).first() is not None


async def list_owners(session: AsyncSession, complaint_id: UUID) -> set[str]:
    """Everybody who owned it so far, as the timeline says."""
    entries = complaint_entries.c
    received = select(complaints.c.received_by).where(complaints.c.id == complaint_id)
    taken = select(entries.by).where(entries.complaint_id == complaint_id, entries.kind == "taken_over")
    return set((await session.execute(union(received, taken))).scalars())


async def add_deadlines(session: AsyncSession, complaint_id: UUID, due: Mapping[str, datetime]) -> None:
    rows = [{"id": new_id(), "complaint_id": complaint_id, "kind": kind, "due_at": at} for kind, at in due.items()]
    if rows:
        await session.execute(insert(complaint_deadlines), rows)


async def list_deadlines(session: AsyncSession, complaint_id: UUID) -> Sequence[Row[Any]]:
    query = select(complaint_deadlines).where(complaint_deadlines.c.complaint_id == complaint_id)
    return (await session.execute(query.order_by(complaint_deadlines.c.id))).all()


async def meet(session: AsyncSession, complaint_id: UUID, kinds: Sequence[str], now: datetime) -> bool:
    """What was due of these kinds is done; whether none of it was late."""
    query = _waiting(complaint_id, kinds).values(met_at=now).returning(complaint_deadlines.c.due_at >= now)
    return all((await session.execute(query)).scalars())


async def lift(session: AsyncSession, complaint_id: UUID, kinds: Sequence[str], now: datetime) -> None:
    """What is not yet over need not be done any more: another deadline takes its place."""
    query = _waiting(complaint_id, kinds).where(complaint_deadlines.c.due_at >= now)
    await session.execute(query.values(lifted_at=now))


def _waiting(complaint_id: UUID, kinds: Sequence[str]) -> Any:
    return update(complaint_deadlines).where(
        complaint_deadlines.c.complaint_id == complaint_id,
        complaint_deadlines.c.kind.in_(kinds),
        complaint_deadlines.c.met_at.is_(None),
        complaint_deadlines.c.lifted_at.is_(None),
    )


async def lock_overdue(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Deadlines that have passed and were not told yet: id, complaint_id, kind, due_at. Their complaints are held."""
    query = (
        select(complaint_deadlines)
        .join(complaints, complaints.c.id == complaint_deadlines.c.complaint_id)
        .where(
            complaint_deadlines.c.met_at.is_(None),
            complaint_deadlines.c.lifted_at.is_(None),
            complaint_deadlines.c.noticed_at.is_(None),
            complaint_deadlines.c.due_at < now,
        )
        .order_by(complaint_deadlines.c.due_at)
        .limit(most)
        .with_for_update(of=complaints, skip_locked=True)
    )
    return (await session.execute(query)).all()


async def mark_noticed(session: AsyncSession, deadline_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Those of them that nobody else marked or met meanwhile."""
    query = update(complaint_deadlines).where(
        complaint_deadlines.c.id.in_(deadline_ids),
        complaint_deadlines.c.noticed_at.is_(None),
        complaint_deadlines.c.met_at.is_(None),
        complaint_deadlines.c.lifted_at.is_(None),
    )
    return set((await session.execute(query.values(noticed_at=now).returning(complaint_deadlines.c.id))).scalars())


_NEAR = """
    SELECT d.* FROM complaint_deadlines d JOIN complaints c ON c.id = d.complaint_id
    WHERE d.met_at IS NULL AND d.lifted_at IS NULL AND d.due_at <= :soon
      AND (c.complaint_class = 'major' OR c.supervised_by IS NOT NULL)
      AND d.due_at + make_interval(secs => 3600 * (CAST(:hours AS float8[]))[d.escalation_level + 1]) <= :now
    ORDER BY d.due_at LIMIT :most FOR UPDATE OF c SKIP LOCKED
"""


async def lock_escalating(
    session: AsyncSession, hours: Sequence[float], now: datetime, most: int
) -> Sequence[Row[Any]]:
    """R60: deadlines of major or supervised complaints that have reached their next level; `hours` are the levels',
    from the deadline. Their complaints are held."""
    given = {"hours": list(hours), "now": now, "soon": now - timedelta(hours=min(hours)), "most": most}
    return (await session.execute(text(_NEAR), given)).all()


async def raise_level(session: AsyncSession, deadline: Row[Any]) -> bool:
    """Whether it was this deadline's turn still: nobody met it or raised it meanwhile."""
    columns = complaint_deadlines.c
    query = update(complaint_deadlines).where(
        columns.id == deadline.id,
        columns.escalation_level == deadline.escalation_level,
        columns.met_at.is_(None),
        columns.lifted_at.is_(None),
    )
    raised = query.values(escalation_level=deadline.escalation_level + 1).returning(columns.id)
    return (await session.execute(raised)).first() is not None


async def lock_ended_offers(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Complaints that nobody accepted in time."""
    query = select(complaints).where(complaints.c.offer_ends_at < now).order_by(complaints.c.offer_ends_at).limit(most)
    return (await session.execute(query.with_for_update(skip_locked=True))).all()


async def was_missed(session: AsyncSession, complaint_id: UUID, now: datetime) -> bool:
    """Whether any deadline of it passed before it was met."""
    late = complaint_deadlines.c
    query = select(func.bool_or(func.coalesce(late.met_at, late.lifted_at, now) > late.due_at))
    return bool(await session.scalar(query.where(late.complaint_id == complaint_id)))


async def delete_expired(session: AsyncSession, now: datetime, most: int) -> int:
    """R196: those whose retention is over, with all that belongs to them; never one under legal hold."""
    expired = (
        select(complaints.c.id)
        .where(complaints.c.retain_until < now, ~complaints.c.held)
        .order_by(complaints.c.retain_until)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    gone = await session.execute(delete(complaints).where(complaints.c.id.in_(expired)).returning(complaints.c.id))
    return len(gone.all())


_FIGURES = """
    WITH received AS (
        SELECT * FROM complaints WHERE received_at >= :begin AND received_at < :end
    ), kept AS (
        SELECT complaint_id,
               bool_or(coalesce(met_at, lifted_at, CAST(:now AS timestamptz)) > due_at) AS missed,
               bool_or(met_at IS NOT NULL OR (lifted_at IS NULL AND due_at < :now)) AS judged
        FROM complaint_deadlines WHERE complaint_id IN (SELECT id FROM received) GROUP BY complaint_id
    ), disputed AS (
        SELECT DISTINCT complaint_id FROM complaint_disputes WHERE complaint_id IN (SELECT id FROM received)
    )
    SELECT grouping({by}) AS is_total, {by} AS value, count(*) AS received,
           count(*) FILTER (WHERE state = 'open') AS open,
           count(*) FILTER (WHERE state IN ('answered', 'accepted')) AS answered,
           count(*) FILTER (WHERE state = 'closed') AS closed,
           count(*) FILTER (WHERE next_due_at < :now) AS overdue,
           count(*) FILTER (WHERE judged) AS judged,
           count(*) FILTER (WHERE judged AND NOT missed) AS on_time,
           coalesce(sum(pass_ons), 0) AS pass_ons,
           count(*) FILTER (WHERE pass_ons > 0) AS passed_on,
           coalesce(sum(rejections), 0) AS rejections,
           count(*) FILTER (WHERE rejections > 0) AS reopened,
           count(*) FILTER (WHERE escalations > 0) AS escalated,
           count(disputed.complaint_id) AS disputed
    FROM received LEFT JOIN kept ON kept.complaint_id = received.id
    LEFT JOIN disputed ON disputed.complaint_id = received.id
    GROUP BY GROUPING SETS (({by}), ()) ORDER BY is_total DESC, received DESC, value NULLS LAST LIMIT :most
"""
DIMENSIONS = ("complaint_class", "channel", "owner", "customer", "service", "department")


async def count(
    session: AsyncSession, by: str, begin: datetime, end: datetime, now: datetime, most: int
) -> Sequence[Row[Any]]:
    """The total first, then the values of this dimension, the most frequent first."""
    if by not in DIMENSIONS:
        raise ValueError(by)
    query = text(_FIGURES.format(by=by))
    return (await session.execute(query, {"begin": begin, "end": end, "now": now, "most": most + 1})).all()
