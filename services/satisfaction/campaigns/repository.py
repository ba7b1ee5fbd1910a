"""Every SQL statement on survey campaigns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.invitations.models import invitations

_c = campaigns.c
_LOCK_LAUNCHING = text("SELECT pg_advisory_xact_lock(hashtextextended('launch of survey campaigns', 0))")


async def find(session: AsyncSession, campaign_id: UUID) -> Row[Any] | None:
    """The campaign, as a row of `campaigns`."""
    return (await session.execute(select(campaigns).where(_c.id == campaign_id))).one_or_none()


async def lock(session: AsyncSession, campaign_id: UUID) -> Row[Any] | None:
    """The campaign, held until the transaction ends."""
    return (await session.execute(select(campaigns).where(_c.id == campaign_id).with_for_update())).one_or_none()


async def lock_launching(session: AsyncSession) -> None:
    """One launch after the other: who is invited by one is seen by the next."""
    await session.execute(_LOCK_LAUNCHING)


async def list_page(
    session: AsyncSession, equal: Mapping[str, Any], before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first; `before` is the one before the first."""
    query = select(campaigns).where(*(_c[name] == value for name, value in equal.items()))
    if before is not None:
        query = query.where(_c.id < before)
    return (await session.execute(query.order_by(_c.id.desc()).limit(limit))).all()


async def insert_campaign(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """Returns it as it is then."""
    row: Row[Any] = (await session.execute(insert(campaigns).values(values).returning(campaigns))).one()
    return row


async def write(session: AsyncSession, campaign_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Set these and count the version on; returns it as it is then."""
    statement = update(campaigns).where(_c.id == campaign_id).values({**values, "version": _c.version + 1})
    row: Row[Any] = (await session.execute(statement.returning(campaigns))).one()
    return row


async def take_ended(session: AsyncSession, now: datetime, most: int) -> Sequence[Row[Any]]:
    """Launched campaigns whose time is over, held until the transaction ends; those that others hold are left out."""
    query = select(campaigns).where(_c.state == "launched", _c.closes_at <= now).order_by(_c.closes_at).limit(most)
    return (await session.execute(query.with_for_update(skip_locked=True))).all()


async def count_invitations(session: AsyncSession, campaign_id: UUID) -> dict[str, int]:
    """Invitations by state."""
    of = invitations.c
    query = select(of.state, func.count().label("invitations")).where(of.campaign_id == campaign_id).group_by(of.state)
    return {row.state: row.invitations for row in await session.execute(query)}
