"""Every SQL statement on observations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, Row, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures.models import measures
from services.metrics.observations.models import observations

_COLUMNS = tuple(column.name for column in observations.columns)
_LIST = ", ".join(_COLUMNS)
_PUT = text(
    f"INSERT INTO observations ({_LIST}) SELECT * FROM unnest({', '.join(f':{name}' for name in _COLUMNS)}) "
    "ON CONFLICT (measure_key, scope, period, revision) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in _COLUMNS
        if name not in ("id", "measure_key", "scope", "period", "revision")
    )
).bindparams(*(bindparam(name, type_=ARRAY(observations.c[name].type)) for name in _COLUMNS))
_LATEST = text(
    f"SELECT DISTINCT ON (scope) {_LIST} FROM observations "
    "WHERE measure_key = :key AND period = :period AND scope = ANY(:scopes) ORDER BY scope, revision DESC"
).bindparams(bindparam("scopes", type_=ARRAY(Text)))
_HISTORY = text(
    f"SELECT DISTINCT ON (scope, period) {_LIST} FROM observations "
    "WHERE measure_key = :key AND scope = ANY(:scopes) AND period >= :first AND period < :end AND NOT provisional "
    "ORDER BY scope, period, revision DESC"
).bindparams(bindparam("scopes", type_=ARRAY(Text)))
_STANDING = text(
    f"""
    SELECT m.key AS of, o.* FROM measures m CROSS JOIN LATERAL (
        SELECT {_LIST} FROM observations
        WHERE measure_key = m.key AND scope = :scope AND NOT provisional ORDER BY period DESC, revision DESC LIMIT 1
    ) o
    """
)


async def put(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write these revisions, by one statement; a revision that is there was provisional, and is replaced."""
    if rows:
        await session.execute(_PUT, {name: [row[name] for row in rows] for name in _COLUMNS})


async def set_missing(session: AsyncSession, missing: Mapping[Any, int]) -> None:
    """How many data are missing, of observations whose value stands."""
    if missing:
        await session.execute(
            text(
                "UPDATE observations o SET missing = m.missing FROM unnest(CAST(:ids AS uuid[]), "
                "CAST(:missing AS bigint[])) AS m (id, missing) WHERE o.id = m.id"
            ),
            {"ids": list(missing), "missing": list(missing.values())},
        )


async def latest_of(session: AsyncSession, key: str, period: date, scopes: Collection[str]) -> dict[str, Row[Any]]:
    """The newest revision of this period, by scope."""
    rows = await session.execute(_LATEST, {"key": key, "period": period, "scopes": list(scopes)})
    return {row.scope: row for row in rows}


async def scopes_told(session: AsyncSession, key: str, period: date) -> Sequence[str]:
    """The scopes for which this period was ever told."""
    query = select(observations.c.scope).distinct()
    told = query.where(observations.c.measure_key == key, observations.c.period == period)
    return (await session.execute(told)).scalars().all()


async def history(
    session: AsyncSession, key: str, scopes: Collection[str], first: date, end: date
) -> dict[str, list[Row[Any]]]:
    """By scope, the closed periods from `first` up to and without `end`, in order."""
    told: dict[str, list[Row[Any]]] = {}
    for row in await session.execute(_HISTORY, {"key": key, "scopes": list(scopes), "first": first, "end": end}):
        told.setdefault(row.scope, []).append(row)
    return told


async def latest_observations(
    session: AsyncSession, key: str, scope: str, first: date, last: date
) -> Sequence[Row[Any]]:
    """The newest revision of every period from `first` to `last`, in order."""
    query = (
        select(observations)
        .ext(distinct_on(observations.c.period))
        .where(
            observations.c.measure_key == key,
            observations.c.scope == scope,
            observations.c.period >= first,
            observations.c.period <= last,
        )
        .order_by(observations.c.period, observations.c.revision.desc())
    )
    return (await session.execute(query)).all()


async def provisional_of(session: AsyncSession, formula: str) -> Sequence[Row[Any]]:
    """The provisional values of measures of this formula."""
    query = (
        select(observations)
        .join(measures, measures.c.key == observations.c.measure_key)
        .where(measures.c.formula == formula, observations.c.provisional)
    )
    return (await session.execute(query)).all()


async def last_closed(session: AsyncSession, scope: str) -> dict[str, Row[Any]]:
    """Of every measure the newest closed period of this scope."""
    return {row.of: row for row in await session.execute(_STANDING, {"scope": scope})}


async def last_period(session: AsyncSession, key: str, scope: str) -> date | None:
    """The newest period that was ever told."""
    mine = (observations.c.measure_key == key, observations.c.scope == scope)
    period: date | None = (await session.execute(select(func.max(observations.c.period)).where(*mine))).scalar_one()
    return period


async def revisions(session: AsyncSession, key: str, scope: str, period: date) -> Sequence[Row[Any]]:
    """All that was ever told of this period, oldest first."""
    query = (
        select(observations)
        .where(observations.c.measure_key == key, observations.c.scope == scope, observations.c.period == period)
        .order_by(observations.c.revision)
    )
    return (await session.execute(query)).all()


async def list_scopes(session: AsyncSession, key: str, after: str | None, limit: int) -> Sequence[Row[Any]]:
    """The scopes that hold data, by name behind `after`, each with its newest closed period: one index step a scope,
    whatever the length of its history."""
    rows = await session.execute(
        text(
            f"""
            WITH RECURSIVE told AS (
                (SELECT scope, 1 AS place FROM observations WHERE measure_key = :key AND scope > :after
                    ORDER BY scope LIMIT 1)
                UNION ALL
                SELECT (SELECT o.scope FROM observations o WHERE o.measure_key = :key AND o.scope > t.scope
                    ORDER BY o.scope LIMIT 1), t.place + 1
                FROM told t WHERE t.scope IS NOT NULL AND t.place < :most
            )
            SELECT o.* FROM told t CROSS JOIN LATERAL (
                SELECT {_LIST} FROM observations WHERE measure_key = :key AND scope = t.scope AND NOT provisional
                ORDER BY period DESC, revision DESC LIMIT 1
            ) o ORDER BY o.scope
            """
        ),
        {"key": key, "after": after or "", "most": limit},
    )
    return rows.all()
