"""Every SQL statement of the endpoints."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.notifier.endpoints.models import Endpoint

_STATISTICS = text(
    """
    SELECT
        count(*) FILTER (WHERE succeeded) AS succeeded,
        count(*) FILTER (WHERE NOT succeeded) AS failed,
        (SELECT count(*) FROM deliveries
         WHERE endpoint_id = :endpoint_id AND state IN ('pending', 'delivering')) AS pending,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50_latency_ms,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95_latency_ms
    FROM delivery_attempts WHERE endpoint_id = :endpoint_id AND at > :since
    """
).bindparams(bindparam("endpoint_id", type_=PG_UUID))

_LAST_ATTEMPTS = text(
    """
    SELECT endpoints.id AS endpoint_id, last.at, concat_ws(': ', last.status, last.error) AS answer
    FROM endpoints CROSS JOIN LATERAL (
        SELECT at, status, error FROM delivery_attempts
        WHERE endpoint_id = endpoints.id ORDER BY at DESC LIMIT 1
    ) AS last
    WHERE endpoints.id = ANY(:ids)
    """
)


async def find_endpoint(session: AsyncSession, endpoint_id: UUID, *, lock: bool = False) -> Endpoint | None:
    """A row that was not deleted; with `lock`, nobody else changes it until this transaction ends."""
    query = select(Endpoint).where(col(Endpoint.id) == endpoint_id, col(Endpoint.state) != "deleted")
    if lock:
        query = query.with_for_update(key_share=True)
    return (await session.execute(query)).scalar_one_or_none()


async def list_endpoints(session: AsyncSession, before: UUID | None, limit: int) -> Sequence[Endpoint]:
    """Newest first."""
    query = select(Endpoint).where(col(Endpoint.state) != "deleted")
    if before is not None:
        query = query.where(col(Endpoint.id) < before)
    return (await session.execute(query.order_by(col(Endpoint.id).desc()).limit(limit))).scalars().all()


async def list_hearing(session: AsyncSession) -> Sequence[Row[Any]]:
    """What each endpoint hears; disabled ones too: what they miss is kept, to be replayed."""
    query = select(col(Endpoint.id), col(Endpoint.state), col(Endpoint.event_types), col(Endpoint.filter))
    return (await session.execute(query.where(col(Endpoint.state) != "deleted"))).all()


async def lock_changing(session: AsyncSession, ids: Collection[UUID], failed: Collection[UUID]) -> Sequence[Endpoint]:
    """Those of these endpoints whose health an attempt may change, locked in one order: the healthy ones that did not
    fail stay untouched."""
    query = (
        select(Endpoint)
        .where(col(Endpoint.id).in_(ids), col(Endpoint.state) != "deleted")
        .where(or_(col(Endpoint.failing_since).is_not(None), col(Endpoint.id).in_(failed)))
        .order_by(col(Endpoint.id))
        .with_for_update(key_share=True)
    )
    return (await session.execute(query)).scalars().all()


async def statistics(session: AsyncSession, endpoint_id: UUID, since: datetime) -> Row[Any]:
    """Attempts since then, and what waits now."""
    return (await session.execute(_STATISTICS, {"endpoint_id": endpoint_id, "since": since})).one()


async def last_attempts(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Time and answer of each endpoint's last attempt."""
    rows = (await session.execute(_LAST_ATTEMPTS, {"ids": list(ids)})).all()
    return {row.endpoint_id: row for row in rows}
