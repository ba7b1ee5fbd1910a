"""Every SQL statement on survey triggers and what they followed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.campaigns.triggers.models import occasions, triggers

_t, _o = triggers.c, occasions.c
_OPENED = select(func.count()).where(_o.trigger_id == _t.id, _o.opened_at.is_not(None)).scalar_subquery()
_WAITING = select(func.count()).where(_o.trigger_id == _t.id, _o.opened_at.is_(None)).scalar_subquery()
_SHOWN = select(triggers, _OPENED.label("opened"), _WAITING.label("waiting"))


async def find(session: AsyncSession, trigger_id: UUID) -> Row[Any] | None:
    """The trigger with its counts."""
    return (await session.execute(_SHOWN.where(_t.id == trigger_id))).one_or_none()


async def lock(session: AsyncSession, trigger_id: UUID) -> Row[Any] | None:
    """The trigger, held until the transaction ends."""
    return (await session.execute(select(triggers).where(_t.id == trigger_id).with_for_update())).one_or_none()


async def list_page(session: AsyncSession, before: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first, each with its counts; `before` is the one before the first."""
    query = _SHOWN if before is None else _SHOWN.where(_t.id < before)
    return (await session.execute(query.order_by(_t.id.desc()).limit(limit))).all()


async def list_live(session: AsyncSession, follows: str) -> Sequence[Row[Any]]:
    """Those that are not paused."""
    return (await session.execute(select(triggers).where(_t.follows == follows, ~_t.paused))).all()


async def insert_trigger(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(triggers).values(values))


async def write(session: AsyncSession, trigger_id: UUID, values: Mapping[str, Any]) -> None:
    """Set these and count the version on."""
    await session.execute(update(triggers).where(_t.id == trigger_id).values({**values, "version": _t.version + 1}))


async def add_occasions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each once, however often it is told."""
    await session.execute(postgresql.insert(occasions).values(rows).on_conflict_do_nothing())


async def take_due(session: AsyncSession, now: datetime) -> Row[Any] | None:
    """The occasion that is due first, of a trigger that is not paused, held until the transaction ends; those that
    others hold are left out."""
    query = (
        select(occasions)
        .join(triggers, _t.id == _o.trigger_id)
        .where(_o.opened_at.is_(None), _o.due_at <= now, ~_t.paused)
        .order_by(_o.due_at)
        .limit(1)
        .with_for_update(of=occasions, skip_locked=True)
    )
    return (await session.execute(query)).one_or_none()


async def note_opened(session: AsyncSession, occasion_id: UUID, campaign_id: UUID, now: datetime) -> None:
    """It has its campaign."""
    values = {"campaign_id": campaign_id, "opened_at": now}
    await session.execute(update(occasions).where(_o.id == occasion_id).values(values))


async def list_followed(session: AsyncSession, trigger_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """What it followed, the newest first, each with its campaign's number and state where it has one."""
    of = campaigns.c
    query = (
        select(occasions, of.number, of.state)
        .outerjoin(campaigns, of.id == _o.campaign_id)
        .where(_o.trigger_id == trigger_id)
        .order_by(_o.id.desc())
        .limit(limit)
    )
    return (await session.execute(query)).all()
