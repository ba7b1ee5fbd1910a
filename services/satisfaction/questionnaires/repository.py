"""Every SQL statement on questionnaires."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.questionnaires.models import questionnaires

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('questionnaire ' || :key, 0))")


async def list_newest(session: AsyncSession) -> Sequence[Row[Any]]:
    """The newest version of each, in order of key."""
    query = select(questionnaires).ext(distinct_on(questionnaires.c.key))
    return list(await session.execute(query.order_by(questionnaires.c.key, questionnaires.c.version.desc())))


async def find(session: AsyncSession, key: str, version: int | None = None) -> Row[Any] | None:
    """This version, or the newest."""
    query = select(questionnaires).where(questionnaires.c.key == key)
    if version is not None:
        query = query.where(questionnaires.c.version == version)
    return (await session.execute(query.order_by(questionnaires.c.version.desc()).limit(1))).one_or_none()


async def find_published(session: AsyncSession, key: str) -> Row[Any] | None:
    """The newest version that was published."""
    query = select(questionnaires).where(questionnaires.c.key == key, questionnaires.c.state == "published")
    return (await session.execute(query.order_by(questionnaires.c.version.desc()).limit(1))).one_or_none()


async def lock_key(session: AsyncSession, key: str) -> None:
    """Whoever writes this questionnaire waits for whoever is writing it."""
    await session.execute(_LOCK, {"key": key})


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    rows = await session.execute(insert(questionnaires).values(values).returning(questionnaires))
    written: Row[Any] = rows.one()
    return written


async def update_version(session: AsyncSession, key: str, version: int, values: Mapping[str, Any]) -> Row[Any]:
    query = update(questionnaires).where(questionnaires.c.key == key, questionnaires.c.version == version)
    written: Row[Any] = (await session.execute(query.values(values).returning(questionnaires))).one()
    return written
