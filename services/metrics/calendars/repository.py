"""Every SQL statement on calendars."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements
from services.metrics.calendars.models import calendar_versions, calendars, holiday_years
from services.metrics.catalogue.models import services


async def get_calendar(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(calendars).where(calendars.c.key == key))).one_or_none()


async def lock_calendar(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(calendars).where(calendars.c.key == key).with_for_update())).one_or_none()


async def list_calendars(session: AsyncSession, after: str, limit: int) -> Sequence[Row[Any]]:
    """By key, behind `after`."""
    ordered = calendars.c.key.collate("C")
    query = select(calendars).where(ordered > after).order_by(ordered).limit(limit)
    return (await session.execute(query)).all()


async def insert_calendar(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False where somebody else was faster."""
    statement = upsert(calendars).values(**values).on_conflict_do_nothing().returning(calendars.c.key)
    return (await session.execute(statement)).first() is not None


async def update_calendar(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(calendars).where(calendars.c.key == key).values(**values))


async def delete_calendar(session: AsyncSession, key: str) -> None:
    await session.execute(delete(calendars).where(calendars.c.key == key))


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(calendar_versions).values(**values))


async def last_version(session: AsyncSession, key: str) -> int:
    """0 for a key that never was; a deleted one's number is not given again."""
    query = select(func.coalesce(func.max(calendar_versions.c.version), 0)).where(calendar_versions.c.key == key)
    last: int = (await session.execute(query)).scalar_one()
    return last


async def list_versions(session: AsyncSession, key: str, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(calendar_versions).where(calendar_versions.c.key == key)
    if before is not None:
        query = query.where(calendar_versions.c.version < before)
    return (await session.execute(query.order_by(calendar_versions.c.version.desc()).limit(limit))).all()


async def list_users(session: AsyncSession, key: str, limit: int) -> Sequence[str]:
    """What goes by this calendar, in words."""
    by_agreements = select(func.concat("agreement ", agreements.c.number)).where(agreements.c.calendar == key)
    by_services = select(func.concat("service ", services.c.key)).where(services.c.calendar == key)
    return (await session.execute(by_agreements.union(by_services).limit(limit))).scalars().all()


async def list_holiday_years(session: AsyncSession, country: str, subdivision: str) -> Sequence[Row[Any]]:
    query = select(holiday_years).where(holiday_years.c.country == country, holiday_years.c.subdivision == subdivision)
    return (await session.execute(query.order_by(holiday_years.c.year))).all()


async def keep_holiday_years(session: AsyncSession, years: Sequence[Mapping[str, Any]]) -> None:
    """A year that is kept already stays as it is."""
    await session.execute(upsert(holiday_years).values(list(years)).on_conflict_do_nothing())


async def list_countries_without(session: AsyncSession, year: int, limit: int) -> Sequence[Row[Any, Any]]:
    """Countries and subdivisions that calendars go by and of which this year is not kept."""
    subdivision = func.coalesce(calendars.c.subdivision, "")
    kept = select(holiday_years.c.year).where(
        holiday_years.c.country == calendars.c.country,
        holiday_years.c.subdivision == subdivision,
        holiday_years.c.year == year,
    )
    query = select(calendars.c.country, subdivision.label("subdivision")).where(
        calendars.c.country.is_not(None), ~kept.exists()
    )
    return (await session.execute(query.distinct().limit(limit))).all()
