"""Every SQL statement on watched agreements."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements
from services.metrics.calendars.models import calendars
from services.metrics.tickets.models import tickets
from services.metrics.tickets.rules import Ticket
from services.metrics.watches.models import agreement_watches


async def list_unwatched(session: AsyncSession, most: int) -> Sequence[Row[Any]]:
    """Agreements that count, or did, and are not watched yet; with `calendar_content`, which changes with the
    calendar."""
    query = (
        select(agreements, calendars.c.content_id.label("calendar_content"))
        .outerjoin(agreement_watches, agreement_watches.c.agreement_id == agreements.c.id)
        .outerjoin(calendars, calendars.c.key == agreements.c.calendar)
        .where(
            agreement_watches.c.agreement_id.is_(None),
            agreements.c.signed_at.is_not(None),
            or_(
                agreements.c.state.in_(("in_force", "under_review")),
                and_(
                    agreements.c.state.in_(("renewed", "terminated", "expired")),
                    agreements.c.ended_on >= agreements.c.effective_from,
                ),
            ),
        )
        .order_by(agreements.c.id)
        .limit(most)
    )
    return (await session.execute(query)).all()


async def claim_recalendared(session: AsyncSession, most: int) -> Sequence[Row[UUID, date, UUID]]:
    """Agreements whose calendar is another one than when they were followed."""
    query = (
        select(agreement_watches.c.agreement_id, agreements.c.effective_from, calendars.c.content_id)
        .join(agreements, agreements.c.id == agreement_watches.c.agreement_id)
        .join(calendars, calendars.c.key == agreements.c.calendar)
        .where(agreement_watches.c.calendar_content.is_distinct_from(calendars.c.content_id))
        .order_by(agreement_watches.c.agreement_id)
        .limit(most)
        .with_for_update(of=agreement_watches, skip_locked=True)
    )
    return (await session.execute(query)).all()


async def insert_watch(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Whether nobody else was faster."""
    statement = (
        upsert(agreement_watches).values(**values).on_conflict_do_nothing().returning(agreement_watches.c.agreement_id)
    )
    return (await session.execute(statement)).first() is not None


async def claim_to_follow(session: AsyncSession) -> Row[Any] | None:
    """An agreement with days whose tickets are not followed yet."""
    query = (
        select(agreement_watches)
        .where(agreement_watches.c.follow_next.is_not(None))
        .order_by(agreement_watches.c.follow_next)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).one_or_none()


async def claim_to_close(session: AsyncSession, now: datetime) -> Row[Any] | None:
    """An agreement with a period that is over, once all of its tickets are followed."""
    query = (
        select(agreement_watches)
        .where(agreement_watches.c.close_at <= now, agreement_watches.c.follow_next.is_(None))
        .order_by(agreement_watches.c.close_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).one_or_none()


async def update_watch(session: AsyncSession, agreement_id: UUID, **values: Any) -> None:
    await session.execute(
        update(agreement_watches).where(agreement_watches.c.agreement_id == agreement_id).values(**values)
    )


async def tickets_opened(
    session: AsyncSession,
    customer: str,
    begin: datetime,
    end: datetime,
    after: tuple[str, str] | None,
    limit: int,
) -> list[Ticket]:
    """The customer's tickets opened in [begin, end), behind the one `after`; held until the end of the transaction, in
    the order in which updates hold them."""
    place = (tickets.c.source, tickets.c.external_id)
    query = select(*(tickets.c[name] for name in Ticket._fields)).where(
        tickets.c.customer == customer, tickets.c.opened_at >= begin, tickets.c.opened_at < end
    )
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    query = query.order_by(*place).limit(limit).with_for_update()
    return [Ticket(*row) for row in await session.execute(query)]
