"""Use cases of the items of conduct."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.conduct import repository, rules
from services.satisfaction.callbacks.conduct.rules import BUILT_IN, Item
from services.satisfaction.callbacks.conduct.schemas import ConductItemWithVersions, ItemBody, ItemVersion, NewItem
from shared.http import check_version
from shared.problems import NotFound


class ConductItemNotFound(NotFound):
    pass


async def load_items(session: AsyncSession) -> dict[str, Item]:
    """Every item in its newest wording, by key."""
    return rules.combine(_read(row) for row in await repository.list_current(session))


async def find_versions(session: AsyncSession, keys: Iterable[str]) -> dict[str, int]:
    """Which wording of each of these is asked now.

    Raises:
        Malformed: one is not asked.
    """
    keys = list(keys)
    if not keys:
        return {}
    items = await load_items(session)
    rules.check_known(items, keys)
    return {key: items[key].version for key in keys}


async def get_item(session: AsyncSession, key: str) -> ConductItemWithVersions:
    """Raises `ConductItemNotFound`."""
    rows = await repository.list_versions(session, key)
    versions = [ItemVersion.model_validate(row._mapping) for row in rows]
    if key in BUILT_IN:
        versions.insert(0, ItemVersion.model_validate(BUILT_IN[key], from_attributes=True))
    if not versions:
        raise ConductItemNotFound(f"no item of conduct '{key}'")
    return ConductItemWithVersions(key=key, versions=versions, **versions[-1].model_dump())


async def add_item(session: AsyncSession, new: NewItem, by: str, now: datetime) -> Item:
    """Raises `ItemExists`."""
    if new.key in await load_items(session):
        raise rules.ItemExists(f"there is an item '{new.key}'; PUT a new wording of it, or choose another key")
    try:
        return await _write(session, new.key, 1, new, by, now)
    except IntegrityError as error:
        raise rules.ItemExists(f"somebody has just made an item '{new.key}'; read it, or choose another key") from error


async def reword_item(
    session: AsyncSession, key: str, body: ItemBody, by: str, now: datetime, if_match: str | None
) -> Item:
    """Write the next version; what was answered before keeps the version that was asked.

    Raises:
        ConductItemNotFound, ItemRetired, PreconditionRequired, LostUpdate
    """
    item = await _get_to_write(session, key, if_match)
    return await _write(session, key, item.version + 1, body, by, now)


async def retire_item(session: AsyncSession, key: str, by: str, now: datetime, if_match: str | None) -> Item:
    """Ask it no more.

    Raises:
        ConductItemNotFound, ItemRetired, PreconditionRequired, LostUpdate
    """
    item = await _get_to_write(session, key, if_match)
    body = ItemBody(dimension=item.dimension, wording_en=item.wording_en, wording_zh=item.wording_zh)
    return await _write(session, key, item.version + 1, body, by, now, retired=True)


async def _get_to_write(session: AsyncSession, key: str, if_match: str | None) -> Item:
    await repository.lock(session, key)
    item = (await load_items(session)).get(key)
    if item is None:
        raise ConductItemNotFound(f"no item of conduct '{key}'")
    check_version(if_match, item.version)
    if item.retired:
        raise rules.ItemRetired(f"'{key}' is asked no more; make a new item with another key")
    return item


async def _write(
    session: AsyncSession, key: str, version: int, body: ItemBody, by: str, now: datetime, retired: bool = False
) -> Item:
    row = await repository.add(
        session,
        {
            "key": key,
            "version": version,
            "dimension": body.dimension,
            "wording_en": body.wording_en,
            "wording_zh": body.wording_zh,
            "retired": retired,
            "written_at": now,
            "written_by": by,
        },
    )
    return _read(row)


def _read(row: Row[Any]) -> Item:
    return Item(row.key, row.version, row.dimension, row.wording_en, row.wording_zh, row.retired)
