"""Every SQL statement on costs, benefits and achievement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.improvement.benefits.models import BenefitEntry, CostPeriod

Counted = type[BenefitEntry] | type[CostPeriod]


async def list_of(session: AsyncSession, improvement_id: UUID) -> Sequence[BenefitEntry]:
    """The entries that count, oldest first."""
    query = select(BenefitEntry).where(
        col(BenefitEntry.improvement_id) == improvement_id, col(BenefitEntry.retracted_at).is_(None)
    )
    return (await session.scalars(query.order_by(col(BenefitEntry.id)))).all()


async def list_periods(session: AsyncSession, improvement_id: UUID) -> Sequence[CostPeriod]:
    """The periods that count, by their first day."""
    query = select(CostPeriod).where(
        col(CostPeriod.improvement_id) == improvement_id, col(CostPeriod.retracted_at).is_(None)
    )
    return (await session.scalars(query.order_by(col(CostPeriod.period_from), col(CostPeriod.id)))).all()


async def list_after(
    session: AsyncSession, table: Counted, improvement_id: UUID, after: UUID | None, limit: int
) -> Sequence[Any]:
    """Entries or periods behind `after`, retracted ones too, oldest first."""
    query = select(table).where(col(table.improvement_id) == improvement_id)
    if after is not None:
        query = query.where(col(table.id) > after)
    return (await session.scalars(query.order_by(col(table.id)).limit(limit))).all()


async def find(session: AsyncSession, table: Counted, improvement_id: UUID, id_: UUID) -> Any | None:
    return await session.scalar(select(table).where(col(table.id) == id_, col(table.improvement_id) == improvement_id))


async def lock(session: AsyncSession, table: Counted, improvement_id: UUID, id_: UUID) -> Any | None:
    query = select(table).where(col(table.id) == id_, col(table.improvement_id) == improvement_id)
    return await session.scalar(query.with_for_update().execution_options(populate_existing=True))


_EFFECTIVE = """
    SELECT improvement_id FROM effect_signatures
    WHERE verdict = 'effective' AND signed_at >= :since AND signed_at < :until
"""
_COUNTS = text(
    """
    WITH touched AS (SELECT opened_at, closed_at, closure_code FROM improvements WHERE updated_at >= :since)
    SELECT count(*) FILTER (WHERE opened_at >= :since AND opened_at < :until) AS opened,
           count(*) FILTER (WHERE closed_at >= :since AND closed_at < :until) AS closed,
           avg(extract(epoch FROM closed_at - opened_at))
               FILTER (WHERE closed_at >= :since AND closed_at < :until) AS mean_seconds,
           (SELECT jsonb_object_agg(verdict, n) FROM (
               SELECT verdict, count(*) AS n FROM effect_signatures
               WHERE signed_at >= :since AND signed_at < :until GROUP BY verdict) v) AS verdicts,
           (SELECT jsonb_object_agg(code, n) FROM (
               SELECT coalesce(closure_code, 'not_told') AS code, count(*) AS n FROM touched
               WHERE closed_at >= :since AND closed_at < :until GROUP BY 1) c) AS codes
    FROM touched
    """
)
_OVERDUE = text(
    """
    SELECT count(*) FROM improvements i
    CROSS JOIN LATERAL (
        SELECT to_state FROM improvement_history h
        WHERE h.improvement_id = i.id AND h.at < :as_of ORDER BY h.id DESC LIMIT 1
    ) before_then
    WHERE i.opened_at < :as_of AND i.planned_end IS NOT NULL
      AND before_then.to_state NOT IN ('rejected', 'withdrawn', 'closed', 'on_hold')
      AND ((i.planned_end + 1)::timestamp AT TIME ZONE :zone) + make_interval(secs => i.held_seconds) <= :as_of
    """
)
_EFFECTIVE_PERIODS = text(
    f"""
    SELECT improvement_id, phase, period_from, period_to, volume, volume_unit, cost, benefit, currency
    FROM improvement_cost_periods
    WHERE retracted_at IS NULL AND improvement_id IN ({_EFFECTIVE})
    ORDER BY improvement_id
    """
)
_EFFECTIVE_AMOUNTS = text(
    f"""
    SELECT side, kind, currency, sum(amount) AS amount FROM improvement_benefits
    WHERE retracted_at IS NULL AND kind = 'actual' AND improvement_id IN ({_EFFECTIVE})
    GROUP BY side, kind, currency
    """
)


async def count_achieved(session: AsyncSession, since: datetime, until: datetime) -> Row[Any]:
    """Opened, closed (with the mean seconds that it took), verdicts and closure codes of that time."""
    return (await session.execute(_COUNTS, {"since": since, "until": until})).one()


async def count_overdue(session: AsyncSession, as_of: datetime, zone: str) -> int:
    """Records that were open at that moment, not on hold, and past the end that was planned; days end as in `zone`."""
    return int((await session.execute(_OVERDUE, {"as_of": as_of, "zone": zone})).scalar_one())


async def list_effective_periods(session: AsyncSession, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """The cost periods of the records that were signed effective in that time."""
    return (await session.execute(_EFFECTIVE_PERIODS, {"since": since, "until": until})).all()


async def sum_effective_amounts(session: AsyncSession, since: datetime, until: datetime) -> Sequence[Row[Any]]:
    """Actual costs and benefits of the records that were signed effective in that time."""
    return (await session.execute(_EFFECTIVE_AMOUNTS, {"since": since, "until": until})).all()
