"""Every SQL statement on the catalogue."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Table, Text, cast, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements
from services.metrics.catalogue.models import customers, departments, entry_versions, projects, services
from services.metrics.catalogue.schemas import Kind
from services.metrics.costs.models import cost_records
from services.metrics.gaps.models import gaps
from services.metrics.standards.models import quality_standards

TABLES: Mapping[Kind, Table] = {
    "service": services,
    "customer": customers,
    "project": projects,
    "department": departments,
}

_UNKNOWN = text(
    """
    WITH newest AS MATERIALIZED (
        SELECT service, customer, project, opened_at FROM tickets
        WHERE opened_at >= :since ORDER BY opened_at DESC LIMIT :most
    ),
    seen AS (
        SELECT kind, value, count(*) AS tickets, max(opened_at) AS last_opened_at
        FROM newest, LATERAL (VALUES ('service', service), ('customer', customer), ('project', project))
            AS named (kind, value)
        WHERE value IS NOT NULL GROUP BY kind, value
    )
    SELECT kind, value, tickets, last_opened_at, (SELECT count(*) FROM newest) AS looked_at FROM seen
    WHERE NOT EXISTS (SELECT FROM services WHERE kind = 'service' AND key = value)
        AND NOT EXISTS (SELECT FROM customers WHERE kind = 'customer' AND key = value)
        AND NOT EXISTS (SELECT FROM projects WHERE kind = 'project' AND key = value)
    UNION ALL SELECT NULL, NULL, 0, NULL, (SELECT count(*) FROM newest)
    ORDER BY tickets DESC, kind, value LIMIT :items
    """
)


async def get_entry(session: AsyncSession, kind: Kind, key: str) -> Row[Any] | None:
    table = TABLES[kind]
    return (await session.execute(select(table).where(table.c.key == key))).one_or_none()


async def lock_entry(session: AsyncSession, kind: Kind, key: str) -> Row[Any] | None:
    table = TABLES[kind]
    return (await session.execute(select(table).where(table.c.key == key).with_for_update())).one_or_none()


async def list_entries(
    session: AsyncSession, kind: Kind, filters: Mapping[str, Any], after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """By key, behind `after`."""
    table = TABLES[kind]
    query = select(table)
    for column, value in filters.items():
        query = query.where(table.c[column] == value)
    if after is not None:
        query = query.where(table.c.key > after)
    return (await session.execute(query.order_by(table.c.key).limit(limit))).all()


async def list_services(
    session: AsyncSession,
    filters: Mapping[str, str],
    visible_to: Collection[str] | None,
    after: str | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """By key, behind `after`; where roles are given, only what is published and visible to one of them."""
    query = select(services)
    for column, value in filters.items():
        query = query.where(services.c[column] == value)
    if visible_to is not None:
        roles = cast(list(visible_to), ARRAY(Text))
        query = query.where(services.c.state == "published", services.c.visible_to.has_any(roles))
    if after is not None:
        query = query.where(services.c.key > after)
    return (await session.execute(query.order_by(services.c.key).limit(limit))).all()


async def list_projects(
    session: AsyncSession, filters: Mapping[str, str], completed: bool | None, after: str | None, limit: int
) -> Sequence[Row[Any]]:
    """By key, behind `after`."""
    query = select(projects)
    for column, value in filters.items():
        query = query.where(projects.c[column] == value)
    if completed is not None:
        query = query.where(projects.c.completed_on.is_not(None) if completed else projects.c.completed_on.is_(None))
    if after is not None:
        query = query.where(projects.c.key > after)
    return (await session.execute(query.order_by(projects.c.key).limit(limit))).all()


async def insert_entry(session: AsyncSession, kind: Kind, values: Mapping[str, Any]) -> bool:
    """False where somebody else was faster."""
    table = TABLES[kind]
    statement = upsert(table).values(**values).on_conflict_do_nothing().returning(table.c.key)
    return (await session.execute(statement)).first() is not None


async def update_entry(session: AsyncSession, kind: Kind, key: str, values: Mapping[str, Any]) -> None:
    table = TABLES[kind]
    await session.execute(update(table).where(table.c.key == key).values(**values))


async def delete_entry(session: AsyncSession, kind: Kind, key: str) -> None:
    table = TABLES[kind]
    await session.execute(delete(table).where(table.c.key == key))


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(entry_versions).values(**values))


async def last_version(session: AsyncSession, kind: Kind, key: str) -> int:
    """0 for a key that never was; a deleted entry's numbers are not given again."""
    query = select(func.coalesce(func.max(entry_versions.c.version), 0)).where(
        entry_versions.c.kind == kind, entry_versions.c.key == key
    )
    last: int = (await session.execute(query)).scalar_one()
    return last


async def list_versions(
    session: AsyncSession, kind: Kind, key: str, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(entry_versions).where(entry_versions.c.kind == kind, entry_versions.c.key == key)
    if before is not None:
        query = query.where(entry_versions.c.version < before)
    return (await session.execute(query.order_by(entry_versions.c.version.desc()).limit(limit))).all()


async def criticalities(session: AsyncSession, keys: Collection[str]) -> dict[str, str]:
    """How much depends on each of these services; those that are not in the catalogue are not in the answer."""
    if not keys:
        return {}
    query = select(services.c.key, services.c.criticality).where(services.c.key.in_(keys))
    return {row.key: row.criticality for row in await session.execute(query)}


async def department_parents(session: AsyncSession) -> dict[str, str | None]:
    """Every department with the one that it belongs to; held, so that two changes make no circle together."""
    query = select(departments.c.key, departments.c.parent).order_by(departments.c.key).with_for_update()
    return {row.key: row.parent for row in await session.execute(query)}


async def list_users(session: AsyncSession, kind: Kind, key: str, limit: int) -> Sequence[str]:
    """Entries that name this one, in words."""
    naming = {
        "service": [
            _users("standard", quality_standards, quality_standards.c.service == key),
            _users("agreement", agreements, agreements.c.services.contains([key]), "number"),
            _users("costs of", cost_records, cost_records.c.service == key, "service").distinct(),
        ],
        "department": [
            _users("service", services, services.c.department == key),
            _users("project", projects, projects.c.department == key),
            _users("department", departments, departments.c.parent == key),
        ],
        "customer": [
            _users("project", projects, projects.c.customer == key),
            _users("agreement", agreements, agreements.c.customer == key, "number"),
        ],
        "project": [_users("agreement", agreements, agreements.c.project == key, "number")],
    }.get(kind, [])
    found: list[str] = []
    for query in naming:
        found.extend((await session.execute(query.limit(limit))).scalars())
    return found[:limit]


async def count_open_gaps(session: AsyncSession) -> Sequence[tuple[str, int]]:
    """How many gaps are open, by scope."""
    query = select(gaps.c.scope, func.count()).where(gaps.c.state == "open").group_by(gaps.c.scope)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def list_unknown(session: AsyncSession, since: datetime, most: int, items: int) -> tuple[int, Sequence[Row[Any]]]:
    """Values of tickets opened since then that the catalogue does not hold, and how many tickets were looked at.

    At most `most` tickets are read, the newest, by the index on `opened_at`: the cost does not grow with history.
    """
    rows = (await session.execute(_UNKNOWN, {"since": since, "most": most, "items": items + 1})).all()
    return rows[0].looked_at, [row for row in rows if row.kind is not None][:items]


def _users(word: str, table: Table, condition: Any, name: str = "key") -> Select[str]:
    named = func.concat(literal(word, Text), " ", table.c[name])
    return select(named).where(condition).order_by(named)
