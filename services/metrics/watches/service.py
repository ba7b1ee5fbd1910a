"""Agreements that came into force are watched: tickets that were there before are followed, and periods that end are
evaluated."""

from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.repository import get_agreement
from services.metrics.attainments import repository as attainments
from services.metrics.clauses.repository import list_clauses
from services.metrics.clauses.service import follow, running_period
from services.metrics.measures.periods import local_day, next_period, period_of, periods_between, starts_at
from services.metrics.settings import settings
from services.metrics.watches import repository

_DAY = timedelta(days=1)
_AT_ONCE = 1000
_MOST_DAYS = 31


async def watch_new(session: AsyncSession, now: datetime, most: int) -> int:
    """Begin to watch agreements that count, from their first day; how many."""
    begun = 0
    for agreement in await repository.list_unwatched(session, most):
        first = period_of(agreement.settled_by, agreement.effective_from)
        begun += await repository.insert_watch(
            session,
            {
                "agreement_id": agreement.id,
                "calendar_content": agreement.calendar_content,
                "follow_next": agreement.effective_from,
                "close_next": first,
                "close_at": starts_at(next_period(agreement.settled_by, first), settings().zone),
            },
        )
        known = await list_clauses(session, agreement_id=agreement.id)
        await attainments.mark(session, {mark for clause in known for mark in running_period(clause, now)})
    return begun


async def heed_calendars(session: AsyncSession, now: datetime, most: int) -> int:
    """Agreements whose calendar was changed: their tickets are followed and their periods evaluated again; how many."""
    changed = await repository.claim_recalendared(session, most)
    for row in changed:
        await repository.update_watch(
            session, row.agreement_id, calendar_content=row.content_id, follow_next=row.effective_from
        )
        for clause in await list_clauses(session, agreement_id=row.agreement_id):
            last = min(local_day(now, settings().zone), clause.effective_to)
            periods = periods_between(clause.settled_by, clause.effective_from, last)
            await attainments.mark(session, {(clause.id, period) for period in periods})
    return len(changed)


async def follow_earlier(session: AsyncSession, now: datetime) -> int:
    """R112: follow the tickets that an agreement's customer had before we watched it, some days at a time; how many
    days."""
    watch = await repository.claim_to_follow(session)
    if watch is None:
        return 0
    agreement = await get_agreement(session, watch.agreement_id)
    assert agreement is not None
    zone = settings().zone
    day: date = watch.follow_next
    last = min(local_day(now, zone), agreement.ended_on or agreement.effective_to)
    days = found = 0
    while day <= last and days < _MOST_DAYS and found < _AT_ONCE:
        found += await _follow_day(session, agreement.customer, day)
        day += _DAY
        days += 1
    await repository.update_watch(session, watch.agreement_id, follow_next=day if day <= last else None)
    return max(days, 1)


async def _follow_day(session: AsyncSession, customer: str, day: date) -> int:
    zone = settings().zone
    after: tuple[str, str] | None = None
    found = 0
    while True:
        tickets = await repository.tickets_opened(
            session, customer, starts_at(day, zone), starts_at(day + _DAY, zone), after, _AT_ONCE
        )
        await follow(session, tickets)
        found += len(tickets)
        if len(tickets) < _AT_ONCE:
            return found
        after = tickets[-1].source, tickets[-1].external_id


async def close_period(session: AsyncSession, now: datetime) -> int:
    """R113: have one agreement's period that is over evaluated, with or without a late fact; how many."""
    watch = await repository.claim_to_close(session, now)
    if watch is None:
        return 0
    known = await list_clauses(session, agreement_id=watch.agreement_id)
    counting = [clause for clause in known if watch.close_next <= clause.effective_to]
    await attainments.mark(session, {(clause.id, watch.close_next) for clause in counting})
    await attainments.mark(session, {mark for clause in counting for mark in running_period(clause, now)})
    if not counting:
        await repository.update_watch(session, watch.agreement_id, close_next=None, close_at=None)
        return 1
    first = counting[0]
    following = next_period(first.settled_by, watch.close_next)
    goes_on = following <= first.effective_to
    await repository.update_watch(
        session,
        watch.agreement_id,
        close_next=following if goes_on else None,
        close_at=starts_at(next_period(first.settled_by, following), settings().zone) if goes_on else None,
    )
    return 1
