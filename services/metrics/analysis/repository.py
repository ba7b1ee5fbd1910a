"""Every SQL statement on effect requests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.analysis.models import effect_requests
from services.metrics.observations.models import observations


async def insert_requests(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(upsert(effect_requests).on_conflict_do_nothing(), list(rows))


async def claim_due(session: AsyncSession, now: datetime, lease_until: datetime) -> Row[Any] | None:
    """One request whose turn it is; nobody else takes it before `lease_until`."""
    query = (
        select(effect_requests)
        .where(effect_requests.c.next_look_at <= now, ~effect_requests.c.settled)
        .order_by(effect_requests.c.next_look_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await session.execute(query)).one_or_none()
    if row is not None:
        await set_values(session, row.id, next_look_at=lease_until)
    return row


async def lock_request(session: AsyncSession, request_id: UUID) -> Row[Any]:
    query = select(effect_requests).where(effect_requests.c.id == request_id).with_for_update()
    return (await session.execute(query)).one()


async def set_values(session: AsyncSession, request_id: UUID, **values: Any) -> None:
    await session.execute(update(effect_requests).where(effect_requests.c.id == request_id).values(**values))


async def closed_periods_with_data(
    session: AsyncSession, measure_key: str, scopes: Collection[str], first: date, end: date
) -> Sequence[date]:
    """The closed periods from `first` up to and without `end` for which one of these scopes has a value, in order."""
    newest = (
        select(observations.c.period, observations.c.value)
        .ext(distinct_on(observations.c.scope, observations.c.period))
        .where(
            observations.c.measure_key == measure_key,
            observations.c.scope.in_(scopes),
            observations.c.period >= first,
            observations.c.period < end,
            ~observations.c.provisional,
        )
        .order_by(observations.c.scope, observations.c.period, observations.c.revision.desc())
        .subquery()
    )
    query = select(newest.c.period).distinct().where(newest.c.value.is_not(None)).order_by(newest.c.period)
    return (await session.execute(query)).scalars().all()


async def first_period(session: AsyncSession, measure_key: str, scope: str) -> date | None:
    """The scope's first closed period with a value."""
    mine = (observations.c.measure_key == measure_key, observations.c.scope == scope)
    query = select(func.min(observations.c.period)).where(
        *mine, observations.c.value.is_not(None), ~observations.c.provisional
    )
    began: date | None = (await session.execute(query)).scalar_one()
    return began


async def values_of(session: AsyncSession, measure_key: str, scope: str, periods: Sequence[date]) -> Sequence[Row[Any]]:
    """The newest closed values of these periods, in order."""
    query = (
        select(observations)
        .ext(distinct_on(observations.c.period))
        .where(
            observations.c.measure_key == measure_key,
            observations.c.scope == scope,
            observations.c.period.in_(periods),
            ~observations.c.provisional,
        )
        .order_by(observations.c.period, observations.c.revision.desc())
    )
    return [row for row in await session.execute(query) if row.value is not None]
