"""What time does to agreements: they come into force, announce their end, expire."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import repository, rules
from services.metrics.agreements.records import find_agreement, lock_agreement, move, tell
from services.metrics.agreements.signing import end
from shared import clock
from shared.events import agreements as events

_DAY = timedelta(days=1)


async def turn(session: AsyncSession, today: date, most: int) -> int:
    """Do to so many agreements at most what is due on this day of the installation's zone; how many there were."""
    due = await repository.claim_due(session, today, most)
    for claimed in due:
        agreement = await find_agreement(session, claimed.id)  # its successor may have come into force just before
        if agreement.state == "signed":
            await _come_into_force(session, agreement)
        elif agreement.state in repository.OPERATING and agreement.effective_to < today:
            await _expire(session, agreement)
        elif agreement.state in repository.OPERATING:
            await _announce_expiry(session, agreement, today)
    return len(due)


async def _come_into_force(session: AsyncSession, agreement: Row[Any]) -> None:
    """Its clauses count from now on; the revision before it is renewed, and counts up to the day before."""
    await move(session, agreement, "come_into_force", "in_force")
    if agreement.predecessor_id is None:
        return
    before = await lock_agreement(session, agreement.predecessor_id)
    if before.state not in (*rules.LIVING, "expired"):
        return
    last = min(before.ended_on or before.effective_to, agreement.effective_from - _DAY)
    if before.state == "expired":  # its end has been told
        await move(session, before, "renewed", "renewed", ended_on=last)
    else:
        await end(session, before, "renewed", "renewed", last, None, agreement.id)


async def _expire(session: AsyncSession, agreement: Row[Any]) -> None:
    """R160: the date ends it; that both parties confirm the execution stays to be done, and is visible."""
    await end(session, agreement, "expired", "expire", agreement.effective_to, None)


async def _announce_expiry(session: AsyncSession, agreement: Row[Any], today: date) -> None:
    """R114, once."""
    await repository.update_agreement(session, agreement.id, expiry_announced_at=clock.now())
    successor = await repository.find_successor(session, agreement.id)
    await tell(
        session,
        agreement,
        events.AgreementExpiring,
        days_left=(agreement.effective_to - today).days,
        notice_days=agreement.notice_days,
        successor_id=None if successor is None else successor.id,
        successor_state=None if successor is None else successor.state,
    )
