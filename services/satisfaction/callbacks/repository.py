"""Every SQL statement of the callbacks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers.models import callback_customers
from services.satisfaction.callbacks.models import callback_attempts, callbacks
from services.satisfaction.callbacks.worklist.models import callback_claims

_MOST_ATTEMPTS_SHOWN = 200

_MOMENTS = ("resolved_ats", "due_ats", "reopened_ats", "history_sinces")

# A callback is born cancelled where a reopen of its own or of a later resolution was heard before it. One that is
# history is noticed as overdue when it is heard of, and nobody is told.
_INSERT = text(
    """
    INSERT INTO callbacks (id, ticket_id, source, external_id, resolution_number, title, priority, service, customer,
                           project, "group", resolver, resolved_at, due_at, correlation_id, reopened_at, cancelled_at,
                           history, overdue_at, state, desk, segment)
    SELECT new.id, new.ticket_id, new.source, new.external_id, new.resolution_number, new.title, new.priority,
           new.service, new.customer, new.project, new."group", new.resolver, new.resolved_at, new.due_at,
           new.correlation_id, new.reopened_at, coalesce(new.reopened_at, later.reopened_at),
           new.history_since IS NOT NULL, new.history_since,
           CASE WHEN coalesce(new.reopened_at, later.reopened_at) IS NULL THEN 'due' ELSE 'cancelled' END,
           known_customer.desk, known_customer.segment
    FROM unnest(:ids, :ticket_ids, :sources, :external_ids, :resolution_numbers, :titles, :priorities, :services,
                :customers, :projects, :groups, :resolvers, :resolved_ats, :due_ats, :correlation_ids, :reopened_ats,
                :history_sinces)
        AS new(id, ticket_id, source, external_id, resolution_number, title, priority, service, customer, project,
               "group", resolver, resolved_at, due_at, correlation_id, reopened_at, history_since)
    LEFT JOIN LATERAL (
        SELECT known.reopened_at FROM callbacks AS known
        WHERE known.ticket_id = new.ticket_id AND known.resolution_number > new.resolution_number
          AND known.reopened_at IS NOT NULL
        ORDER BY known.resolution_number LIMIT 1
    ) AS later ON true
    LEFT JOIN callback_customers AS known_customer ON known_customer.customer = new.customer
    ORDER BY new.ticket_id, new.resolution_number, new.id
    ON CONFLICT (ticket_id, resolution_number) DO NOTHING
    RETURNING id, cancelled_at, desk, segment
    """
).bindparams(
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("ticket_ids", type_=ARRAY(Uuid)),
    bindparam("resolution_numbers", type_=ARRAY(Integer)),
    *(
        bindparam(name, type_=ARRAY(Text))
        for name in (
            "sources",
            "external_ids",
            "titles",
            "priorities",
            "services",
            "customers",
            "projects",
            "groups",
            "resolvers",
            "correlation_ids",
        )
    ),
    *(bindparam(name, type_=ARRAY(DateTime(timezone=True))) for name in _MOMENTS),
)

_CANCEL = text(
    """
    UPDATE callbacks AS c SET state = 'cancelled', cancelled_at = undone.at, next_attempt_at = NULL,
                              version = version + 1
    FROM unnest(:ids, :reopened_ats) AS undone(id, at)
    WHERE c.id = undone.id RETURNING c.*
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("reopened_ats", type_=ARRAY(DateTime(timezone=True))))

_MARK_REOPENED = text(
    """
    UPDATE callbacks AS c SET reopened_at = undone.at FROM unnest(:ids, :reopened_ats) AS undone(id, at)
    WHERE c.id = undone.id
    """
).bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("reopened_ats", type_=ARRAY(DateTime(timezone=True))))

_NOTICE_OVERDUE = text(
    """
    WITH late AS MATERIALIZED (
        SELECT id FROM callbacks WHERE state = 'due' AND overdue_at IS NULL AND due_at < :now
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE callbacks AS c SET overdue_at = :now, version = version + 1
    FROM late WHERE c.id = late.id RETURNING c.*
    """
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None does not narrow. `overdue` is as at `now`."""

    now: datetime
    state: str | None = None
    overdue: bool | None = None
    ticket_id: UUID | None = None
    customer: str | None = None
    external_id: str | None = None
    resolver: str | None = None
    due_before: datetime | None = None
    history: bool | None = None


async def insert(session: AsyncSession, columns: dict[str, list[Any]]) -> Sequence[Row[Any]]:
    """Add callbacks by one statement, `columns` as the statement names them; those that are there stay as they are.

    Returns `(id, cancelled_at, desk, segment)` of those that are new. The order of the rows is the same for every
    caller, so that two batches which meet do not wait for each other in a circle.
    """
    return (await session.execute(_INSERT, columns)).all()


async def lock_of_tickets(session: AsyncSession, ticket_ids: Iterable[UUID]) -> Sequence[Row[Any]]:
    """All callbacks of these tickets, held until the transaction ends."""
    query = (
        select(callbacks)
        .where(callbacks.c.ticket_id.in_(list(ticket_ids)))
        .order_by(callbacks.c.ticket_id, callbacks.c.resolution_number)
        .with_for_update()
    )
    return (await session.execute(query)).all()


async def cancel(session: AsyncSession, reopened_ats: dict[UUID, datetime]) -> Sequence[Row[Any]]:
    """Cancel these callbacks, each at the time beside it; returns them as they are then."""
    moments = {"ids": list(reopened_ats), "reopened_ats": list(reopened_ats.values())}
    return (await session.execute(_CANCEL, moments)).all()


async def mark_reopened(session: AsyncSession, reopened_ats: dict[UUID, datetime]) -> None:
    """Remember that these resolutions were undone, whatever became of their callbacks."""
    moments = {"ids": list(reopened_ats), "reopened_ats": list(reopened_ats.values())}
    await session.execute(_MARK_REOPENED, moments)


async def notice_overdue(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Set `overdue_at` on up to `most` callbacks whose time is over; returns them as they were due."""
    rows = (await session.execute(_NOTICE_OVERDUE, {"now": now, "most": most})).all()
    return sorted(rows, key=lambda row: (row.due_at, row.id))


async def escalate(
    session: AsyncSession, now: datetime, to: int, edge: datetime, most: int, hours: Sequence[str] | None = None
) -> Sequence[Row[Any]]:
    """Raise up to `most` of those below level `to` that are due at `edge` or before; returns them as they were due.

    With `hours` only those of customers with one of these words; with an empty list those of customers without one.
    """
    c = callbacks.c
    reached = select(c.id).where(c.state == "due", ~c.history, c.escalation_level.in_(range(to)), c.due_at <= edge)
    if hours is not None:
        k = callback_customers.c
        own = func.coalesce(
            c.customer.in_(select(k.customer).where(k.hours.in_(hours) if hours else k.hours.is_not(None))), False
        )
        reached = reached.where(own if hours else ~own)
    chosen = reached.order_by(c.due_at).limit(most).with_for_update(skip_locked=True).cte("reached")
    statement = (
        callbacks.update()
        .where(c.id == chosen.c.id)
        .values(escalation_level=to, escalated_at=now, version=c.version + 1)
        .returning(*c)
    )
    rows = (await session.execute(statement)).all()
    return sorted(rows, key=lambda row: (row.due_at, row.id))


def contact_of(claim_by: str) -> ColumnElement[str]:
    """Who is called: the customer, where it is known and claims are by customer, else the incident."""
    c = callbacks.c
    incident = func.concat("incident:", c.source, "/", c.external_id)
    return (
        incident if claim_by == "incident" else func.coalesce(literal("customer:") + func.lower(c.customer), incident)
    )


def see(now: datetime, claim_by: str) -> Select[Any]:
    """Callbacks with who holds the customer at this moment, and what is known of the customer."""
    c, k, held = callbacks.c, callback_customers.c, callback_claims.c
    holds = (held.contact == contact_of(claim_by)) & (held.expires_at > now)
    return (
        select(
            *(column for column in c if column.name not in ("desk", "segment")),
            func.coalesce(c.desk, k.desk).label("desk"),
            func.coalesce(c.segment, k.segment).label("segment"),
            k.hours,
            k.contact,
            held.holder,
            held.holder_name,
            held.expires_at.label("held_until"),
        )
        .outerjoin_from(callbacks, callback_customers, k.customer == c.customer)
        .outerjoin(callback_claims, holds)
    )


async def look(session: AsyncSession, callback_id: UUID, now: datetime, claim_by: str) -> Row[Any] | None:
    """This callback as `see` shows it."""
    row: Row[Any] | None = (
        await session.execute(see(now, claim_by).where(callbacks.c.id == callback_id))
    ).one_or_none()
    return row


async def get(session: AsyncSession, callback_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(callbacks).where(callbacks.c.id == callback_id))).one_or_none()


async def lock(session: AsyncSession, callback_id: UUID) -> Row[Any] | None:
    """This callback, held until the transaction ends."""
    query = select(callbacks).where(callbacks.c.id == callback_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def update(session: AsyncSession, callback_id: UUID, values: dict[str, Any]) -> Row[Any]:
    """Set these columns; returns the callback as it is then."""
    statement = callbacks.update().where(callbacks.c.id == callback_id).values(values).returning(callbacks)
    row: Row[Any] = (await session.execute(statement)).one()
    return row


async def list_callbacks(
    session: AsyncSession, filters: Filters, claim_by: str, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """Callbacks behind `(due_at, id)`, what is due next first."""
    query = _narrow(see(filters.now, claim_by), filters)
    if after is not None:
        query = query.where(tuple_(callbacks.c.due_at, callbacks.c.id) > tuple_(*after))
    query = query.order_by(callbacks.c.due_at, callbacks.c.id).limit(limit)
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


def _narrow(query: Select[Any], filters: Filters) -> Select[Any]:
    for column in ("state", "ticket_id", "customer", "external_id", "resolver", "history"):
        value = getattr(filters, column)
        if value is not None:
            query = query.where(callbacks.c[column] == value)
    if filters.due_before is not None:
        query = query.where(callbacks.c.due_at < filters.due_before)
    if filters.overdue is not None:
        is_overdue = (callbacks.c.state == "due") & (callbacks.c.due_at < filters.now)
        query = query.where(is_overdue if filters.overdue else ~is_overdue)
    return query


async def add_attempt(session: AsyncSession, values: dict[str, Any]) -> Row[Any]:
    """Add an attempt; returns it."""
    statement = callback_attempts.insert().values(values).returning(callback_attempts)
    row: Row[Any] = (await session.execute(statement)).one()
    return row


async def list_attempts(session: AsyncSession, callback_id: UUID) -> Sequence[Row[Any]]:
    """The newest attempts (at most 200) in the order in which they were recorded."""
    attempts = callback_attempts
    query = select(attempts).where(attempts.c.callback_id == callback_id).order_by(attempts.c.number.desc())
    return (await session.execute(query.limit(_MOST_ATTEMPTS_SHOWN))).all()[::-1]
