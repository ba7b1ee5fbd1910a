"""Every SQL statement on standards and evaluations."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue.models import services
from services.metrics.standards.models import (
    missed_evaluations,
    quality_standard_versions,
    quality_standards,
    service_evaluations,
)

_DUE = """
    due AS (
        SELECT s.key AS service, s.name, s.owner, s.evaluation_cycle_months, e.last_evaluated_on,
            (coalesce(e.last_evaluated_on, s.published_on) + make_interval(months => s.evaluation_cycle_months))::date
                AS due_on
        FROM services s
        LEFT JOIN (
            SELECT service, max(evaluated_on) AS last_evaluated_on FROM service_evaluations GROUP BY service
        ) e ON e.service = s.key
        WHERE s.state = 'published' AND s.evaluation_cycle_months IS NOT NULL
    )
"""
_LIST_DUE = text(
    f"""
    WITH {_DUE}
    SELECT due.*, m.found_at AS missed_since FROM due
    LEFT JOIN missed_evaluations m ON m.service = due.service AND m.due_on = due.due_on
    WHERE due.due_on < :before AND (due.due_on, due.service) > (:after_day, :after_service)
    ORDER BY due.due_on, due.service LIMIT :limit
    """
).bindparams(bindparam("before", type_=Date), bindparam("after_day", type_=Date))
_KEEP_MISSED = text(
    f"""
    WITH {_DUE}
    INSERT INTO missed_evaluations (service, due_on, found_at)
    SELECT service, due_on, :now FROM due
    WHERE due_on < :today
        AND NOT EXISTS (SELECT FROM missed_evaluations m WHERE m.service = due.service AND m.due_on = due.due_on)
    LIMIT :most ON CONFLICT DO NOTHING RETURNING service
    """
).bindparams(bindparam("today", type_=Date))


async def get_standard(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(quality_standards).where(quality_standards.c.key == key))).one_or_none()


async def lock_standard(session: AsyncSession, key: str) -> Row[Any] | None:
    query = select(quality_standards).where(quality_standards.c.key == key).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_standards(
    session: AsyncSession, filters: Mapping[str, Any], review_before: date | None, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """By key, behind `after`."""
    query = select(quality_standards)
    for column, value in filters.items():
        query = query.where(quality_standards.c[column] == value)
    if review_before is not None:
        query = query.where(quality_standards.c.review_on < review_before)
    if after is not None:
        query = query.where(quality_standards.c.key > after)
    return (await session.execute(query.order_by(quality_standards.c.key).limit(limit))).all()


async def list_standards_of(session: AsyncSession, service: str, service_class: str) -> Sequence[Row[Any]]:
    """Those of the service itself and of its class, by key."""
    query = select(quality_standards).where(
        or_(quality_standards.c.service == service, quality_standards.c.service_class == service_class)
    )
    return (await session.execute(query.order_by(quality_standards.c.key))).all()


async def list_services_of_class(session: AsyncSession, service_class: str, most: int) -> Sequence[str]:
    """Keys of those that are not retired."""
    query = select(services.c.key).where(services.c.service_class == service_class, services.c.state != "retired")
    return (await session.execute(query.order_by(services.c.key).limit(most))).scalars().all()


async def insert_standard(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False where somebody else was faster."""
    statement = upsert(quality_standards).values(**values).on_conflict_do_nothing().returning(quality_standards.c.key)
    return (await session.execute(statement)).first() is not None


async def update_standard(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(quality_standards).where(quality_standards.c.key == key).values(**values))


async def delete_standard(session: AsyncSession, key: str) -> None:
    await session.execute(delete(quality_standards).where(quality_standards.c.key == key))


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(quality_standard_versions).values(**values))


async def last_version(session: AsyncSession, key: str) -> int:
    """0 for a key that never was."""
    versions = quality_standard_versions.c
    query = select(func.coalesce(func.max(versions.version), 0)).where(versions.key == key)
    last: int = (await session.execute(query)).scalar_one()
    return last


async def list_versions(session: AsyncSession, key: str, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    versions = quality_standard_versions
    query = select(versions).where(versions.c.key == key)
    if before is not None:
        query = query.where(versions.c.version < before)
    return (await session.execute(query.order_by(versions.c.version.desc()).limit(limit))).all()


async def insert_evaluation(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(service_evaluations).values(**values))


async def get_evaluation(session: AsyncSession, evaluation_id: UUID) -> Row[Any] | None:
    query = select(service_evaluations).where(service_evaluations.c.id == evaluation_id)
    return (await session.execute(query)).one_or_none()


async def last_evaluation(session: AsyncSession, service: str) -> Row[Any] | None:
    """The one that was recorded last."""
    query = select(service_evaluations).where(service_evaluations.c.service == service)
    newest = query.order_by(service_evaluations.c.evaluated_on.desc(), service_evaluations.c.id.desc()).limit(1)
    return (await session.execute(newest)).one_or_none()


async def list_evaluations(
    session: AsyncSession, service: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(service_evaluations)
    if service is not None:
        query = query.where(service_evaluations.c.service == service)
    if before is not None:
        query = query.where(service_evaluations.c.id < before)
    return (await session.execute(query.order_by(service_evaluations.c.id.desc()).limit(limit))).all()


async def list_due(session: AsyncSession, before: date, after: tuple[date, str], limit: int) -> Sequence[Row[Any]]:
    """Published services with a cycle, by the day on which they are to be evaluated, behind `after`."""
    values = {"before": before, "after_day": after[0], "after_service": after[1], "limit": limit}
    return (await session.execute(_LIST_DUE, values)).all()


async def keep_missed(session: AsyncSession, today: date, now: datetime, most: int) -> int:
    """Write down what was due before today and is not done; how many were found that were not known."""
    found = await session.execute(_KEEP_MISSED, {"today": today, "now": now, "most": most})
    return len(found.all())


async def list_missed(
    session: AsyncSession, service: str | None, before: tuple[date, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """The latest first, behind `before`, each with the day on which it was made after all."""
    made = (
        select(func.min(service_evaluations.c.evaluated_on))
        .where(
            service_evaluations.c.service == missed_evaluations.c.service,
            service_evaluations.c.recorded_at > missed_evaluations.c.found_at,
        )
        .scalar_subquery()
    )
    query = select(missed_evaluations, made.label("evaluated_on"))
    if service is not None:
        query = query.where(missed_evaluations.c.service == service)
    place = (missed_evaluations.c.due_on, missed_evaluations.c.service)
    if before is not None:
        day, name = before
        query = query.where(or_(place[0] < day, (place[0] == day) & (place[1] > name)))
    return (await session.execute(query.order_by(place[0].desc(), place[1]).limit(limit))).all()
