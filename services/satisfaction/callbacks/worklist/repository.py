"""Every SQL statement of the worklist: who may be called next, and who is calling whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers.models import callback_customers
from services.satisfaction.callbacks.customers.rules import AGREED_HOLDS
from services.satisfaction.callbacks.models import callbacks
from services.satisfaction.callbacks.repository import contact_of, see
from services.satisfaction.callbacks.worklist.models import callback_claims

After = tuple[datetime, UUID] | None
_c = callbacks.c


@dataclass(frozen=True, slots=True)
class Quiet:
    """Who is in quiet hours at a moment: everybody or nobody, but for the customers with one of these words."""

    by_default: bool
    but_for: Sequence[str]


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at the worklist and when; `claim_by` as in the settings."""

    now: datetime
    caller: str
    claim_by: str
    quiet: Quiet


async def list_callable(session: AsyncSession, looking: Looking, after: After, limit: int) -> Sequence[Row[Any]]:
    """Open callbacks that this caller may make now, what is due next first: nobody else holds the customer, no later
    time was agreed, and no quiet hours run (but for a time that was agreed within the last hour)."""
    now = looking.now
    query = see(now, looking.claim_by).where(_is_open_now(now), ~_c.history, _not_held(looking))
    if not looking.quiet.by_default:
        if looking.quiet.but_for:
            query = query.where(or_(~_is_exception(looking.quiet), _was_just_agreed(now)))
        return await _next_due(session, query, after, limit)
    found = list(await _next_due(session, query.where(_was_just_agreed(now)), after, limit))
    if looking.quiet.but_for:
        found += await _next_due(session, query.where(_is_exception(looking.quiet)), after, limit)
    once = {row.id: row for row in found}
    return sorted(once.values(), key=lambda row: (row.due_at, row.id))[:limit]


async def list_quiet(session: AsyncSession, looking: Looking, after: After, limit: int) -> Sequence[Row[Any]]:
    """Open callbacks that nobody may make now for quiet hours, what is due next first."""
    quiet = looking.quiet
    if not quiet.by_default and not quiet.but_for:
        return []
    query = see(looking.now, looking.claim_by).where(_is_open_now(looking.now), ~_c.history)
    query = query.where(or_(_c.next_attempt_at.is_(None), _c.next_attempt_at < looking.now - AGREED_HOLDS))
    if not quiet.by_default or quiet.but_for:
        query = query.where(~_is_exception(quiet) if quiet.by_default else _is_exception(quiet))
    return await _next_due(session, query, after, limit)


async def list_agreed(session: AsyncSession, looking: Looking, after: After, limit: int) -> Sequence[Row[Any]]:
    """Open callbacks for which a later time was agreed, behind `(next_attempt_at, id)`, the next one first."""
    query = see(looking.now, looking.claim_by).where(_c.state == "due", _c.next_attempt_at > looking.now)
    if after is not None:
        query = query.where(tuple_(_c.next_attempt_at, _c.id) > tuple_(*after))
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(_c.next_attempt_at, _c.id).limit(limit))).all()
    return rows


async def list_held(session: AsyncSession, looking: Looking, after: After, limit: int) -> Sequence[Row[Any]]:
    """The callbacks for which somebody claimed a customer, while the claim holds."""
    claims = callback_claims.alias()
    held = select(claims.c.callback_id).where(claims.c.expires_at > looking.now)
    query = see(looking.now, looking.claim_by).where(_c.id.in_(held), _c.state == "due")
    return await _next_due(session, query, after, limit)


async def list_own(session: AsyncSession, looking: Looking, limit: int) -> Sequence[Row[Any]]:
    """What this caller holds and may still ask about, what is due next first: each callback that was claimed, and the
    others that are open with the same customer."""
    own = (
        select(_c.customer, _c.id)
        .join(callback_claims, callback_claims.c.callback_id == _c.id)
        .where(callback_claims.c.holder == looking.caller, callback_claims.c.expires_at > looking.now)
    )
    mine = (await session.execute(own)).all()
    if not mine:
        return []
    theirs: ColumnElement[bool] = _c.id.in_([row.id for row in mine])
    if looking.claim_by == "customer":
        customers = [row.customer for row in mine if row.customer is not None]
        theirs = or_(theirs, and_(_c.customer.in_(customers), ~_c.history))
    query = see(looking.now, looking.claim_by).where(_is_open_now(looking.now), theirs)
    return await _next_due(session, query, None, limit)


async def list_words(session: AsyncSession) -> Sequence[str]:
    """The different zones and quiet hours that customers have of their own."""
    column = callback_customers.c.hours
    return (await session.execute(select(column).where(column.is_not(None)).distinct())).scalars().all()


async def claim(
    session: AsyncSession, callback_id: UUID, claim_by: str, holder: str, name: str, now: datetime, until: datetime
) -> bool:
    """Hold this callback's contact, anew or longer; False where somebody else holds it."""
    chosen = select(contact_of(claim_by), literal(holder), literal(name), _c.id, literal(now), literal(until)).where(
        _c.id == callback_id
    )
    columns = ["contact", "holder", "holder_name", "callback_id", "claimed_at", "expires_at"]
    statement = insert(callback_claims).from_select(columns, chosen)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["contact"],
        set_={name: new[name] for name in columns[1:]},
        where=or_(callback_claims.c.expires_at <= now, callback_claims.c.holder == new.holder),
    )
    claimed = await session.execute(statement.returning(callback_claims.c.contact))
    return claimed.first() is not None


async def release(session: AsyncSession, callback_id: UUID, claim_by: str, holder: str | None, now: datetime) -> bool:
    """Let go of this callback's contact, whoever holds it where `holder` is None; False where nobody did."""
    contact = select(contact_of(claim_by)).where(_c.id == callback_id).scalar_subquery()
    statement = delete(callback_claims).where(callback_claims.c.contact == contact, callback_claims.c.expires_at > now)
    if holder is not None:
        statement = statement.where(callback_claims.c.holder == holder)
    return (await session.execute(statement.returning(callback_claims.c.contact))).first() is not None


async def has_more(session: AsyncSession, callback: Row[Any], now: datetime) -> bool:
    """Whether another open callback of this customer could be asked about in the same call."""
    if callback.customer is None:
        return False
    query = select(literal(1)).where(
        _c.customer == callback.customer, _c.id != callback.id, _is_open_now(now), ~_c.history
    )
    return (await session.execute(query.limit(1))).first() is not None


async def list_resting(
    session: AsyncSession, customers: Collection[str], now: datetime, since: datetime
) -> Sequence[str]:
    """Which of these customers were tried after `since`, or asked for a later time, about any of their callbacks."""
    later = or_(_c.last_attempt_at > since, _c.next_attempt_at > now)
    query = select(_c.customer).where(_c.customer.in_(customers), _c.state == "due", later).distinct()
    return (await session.execute(query)).scalars().all()


async def list_history(session: AsyncSession, looking: Looking, after: After, limit: int) -> Sequence[Row[Any]]:
    """Callbacks that are history and of which nothing is recorded, what was due first first."""
    query = see(looking.now, looking.claim_by).where(_c.state == "due", _c.history)
    return await _next_due(session, query, after, limit)


async def count_history(session: AsyncSession) -> int:
    """How many are history, with nothing recorded."""
    query = select(func.count()).select_from(callbacks).where(_c.state == "due", _c.history)
    return (await session.execute(query)).scalar_one()


async def count_open(session: AsyncSession, now: datetime) -> Row[int, int, int]:
    """How many are due and no history, how many of them are overdue, and how many are at risk."""
    late, warned = _c.due_at < now, and_(_c.due_at >= now, _c.escalation_level > 0)
    query = select(
        func.count().label("open"),
        func.count().filter(late).label("overdue"),
        func.count().filter(warned).label("at_risk"),
    ).where(_c.state == "due", ~_c.history)
    return (await session.execute(query)).one()


def _is_open_now(now: datetime) -> ColumnElement[bool]:
    return and_(_c.state == "due", or_(_c.next_attempt_at.is_(None), _c.next_attempt_at <= now))


def _was_just_agreed(now: datetime) -> ColumnElement[bool]:
    return _c.next_attempt_at.between(now - AGREED_HOLDS, now)


def _is_exception(quiet: Quiet) -> ColumnElement[bool]:
    customers = callback_customers.alias()
    of_word = select(customers.c.customer).where(customers.c.hours.in_(list(quiet.but_for)))
    return func.coalesce(_c.customer.in_(of_word), False)


def _not_held(looking: Looking) -> ColumnElement[bool]:
    holder = callback_claims.c.holder
    return or_(holder.is_(None), holder == looking.caller)


async def _next_due(session: AsyncSession, query: Select[Any], after: After, limit: int) -> Sequence[Row[Any]]:
    if after is not None:
        query = query.where(tuple_(_c.due_at, _c.id) > tuple_(*after))
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(_c.due_at, _c.id).limit(limit))).all()
    return rows
