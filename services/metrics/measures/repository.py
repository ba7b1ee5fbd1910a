"""Every SQL statement on measures, targets, baselines and observations."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Row, Text, bindparam, func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures.formulas import FORMULAS, Expression, period_column
from services.metrics.measures.models import baselines, measure_scopes, measures, observations, targets
from services.metrics.measures.periods import Basis, next_month, starts_at
from services.metrics.measures.rules import Scope

EVALUATION = "metrics.evaluate"
_EVALUATION_LOCK = 0x6576616C

_MARK = text("INSERT INTO dirty_marks (basis, period) SELECT * FROM unnest(:bases, :periods)").bindparams(
    bindparam("bases", type_=ARRAY(Text)), bindparam("periods", type_=ARRAY(Date))
)
_TAKE_MARKS = text(
    """
    WITH oldest AS (
        SELECT basis, period FROM dirty_marks GROUP BY basis, period
        HAVING max(marked_at) <= now() - make_interval(secs => :quiet)
            OR min(marked_at) <= now() - make_interval(secs => :latest)
        ORDER BY period, basis LIMIT :most
    ),
    taken AS (
        DELETE FROM dirty_marks m USING oldest o WHERE m.basis = o.basis AND m.period = o.period
        RETURNING m.basis, m.period
    )
    SELECT DISTINCT basis, period FROM taken ORDER BY period, basis
    """
)


async def mark_dirty(session: AsyncSession, periods: Collection[tuple[Basis, date]]) -> None:
    """These months must be computed again. Marks are only ever added here, so that no writer waits for another."""
    if periods:
        ordered = sorted(periods)
        await session.execute(_MARK, {"bases": [b for b, _ in ordered], "periods": [p for _, p in ordered]})


async def begin_evaluation(session: AsyncSession) -> bool:
    """Whether this transaction is the only one that evaluates now."""
    locked = await session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _EVALUATION_LOCK})
    return bool(locked.scalar_one())


async def take_marks(
    session: AsyncSession, most: int, quiet_seconds: float, latest_seconds: float
) -> list[tuple[Basis, date]]:
    """Dirty months, oldest first, that were left alone for `quiet_seconds` or have waited for `latest_seconds`; their
    marks go with this transaction."""
    rows = await session.execute(_TAKE_MARKS, {"most": most, "quiet": quiet_seconds, "latest": latest_seconds})
    return [(row.basis, row.period) for row in rows]


async def mark_months_with_facts(session: AsyncSession, basis: Basis, facts: str, first: date) -> None:
    """Mark every month from `first` on in which there are facts."""
    column = period_column(basis)
    await session.execute(
        text(
            "INSERT INTO dirty_marks (basis, period) "
            f"SELECT DISTINCT :basis, date_trunc('month', {column})::date FROM {facts} WHERE {column} >= :first"
        ),
        {"basis": basis, "first": starts_at(first)},
    )


async def close_period(session: AsyncSession, period: date) -> bool:
    """Note that this month is over; whether that is news."""
    done = await session.execute(
        text("INSERT INTO closed_periods (period) VALUES (:period) ON CONFLICT DO NOTHING RETURNING period"),
        {"period": period},
    )
    return done.first() is not None


async def compute(
    session: AsyncSession, expression: Expression, basis: str, scope: Scope, first: date, last: date
) -> tuple[float | None, float | None, int]:
    """`(value, numerator, n)` of a formula over the facts from month `first` to month `last`, both included."""
    inner, parameters = _members(expression, basis, scope, first, last)
    is_proportion = expression.value.startswith("CASE")
    numerator = (
        "CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE sample)::float END" if is_proportion else "NULL::float"
    )
    row = (
        await session.execute(
            text(f"SELECT {expression.value} AS value, {numerator} AS numerator, count(*) AS n FROM ({inner}) s"),
            parameters,
        )
    ).one()
    return row.value, row.numerator, row.n


async def sample(
    session: AsyncSession, expression: Expression, basis: str, scope: Scope, months: Collection[date]
) -> list[Any]:
    """What every counted fact of these months contributes: booleans, or hours."""
    values: list[Any] = []
    for month in months:
        inner, parameters = _members(expression, basis, scope, month, month)
        values += (await session.execute(text(inner), parameters)).scalars().all()
    return values


def _members(
    expression: Expression, basis: str, scope: Scope, first: date, last: date
) -> tuple[str, dict[str, object]]:
    column = period_column(basis)
    where = f"{expression.member} AND f.{column} >= :first AND f.{column} < :end"
    parameters: dict[str, object] = {"first": starts_at(first), "end": starts_at(next_month(last))}
    if scope.dimension is not None:
        where += f' AND f."{scope.dimension}" = :scope_value'
        parameters["scope_value"] = scope.value
    return f"SELECT {expression.sample} AS sample FROM {expression.facts} f WHERE {where}", parameters


async def get_measure(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(measures).where(measures.c.key == key))).one_or_none()


async def lock_measure(session: AsyncSession, key: str) -> Row[Any] | None:
    return (await session.execute(select(measures).where(measures.c.key == key).with_for_update())).one_or_none()


async def list_measures(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(select(measures).order_by(measures.c.key))).all()


async def put_measure(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Insert, or replace the definition."""
    statement = upsert(measures).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=dict(values)))


async def next_version(session: AsyncSession, key: str) -> int:
    """The measure's version after one more event told of it."""
    bumped = await session.execute(
        text("UPDATE measures SET version = version + 1 WHERE key = :key RETURNING version"), {"key": key}
    )
    version: int = bumped.scalar_one()
    return version


async def measures_by(session: AsyncSession, basis: str) -> list[tuple[Row[Any], list[str]]]:
    """The measures that count by this basis, each with its materialised scopes."""
    rows = [m for m in await list_measures(session) if m.parameters["period_by"] == basis and m.formula in FORMULAS]
    scopes: dict[str, list[str]] = {}
    for row in await session.execute(select(measure_scopes).order_by(measure_scopes.c.scope)):
        scopes.setdefault(row.measure_key, []).append(row.scope)
    return [(measure, scopes.get(measure.key, [])) for measure in rows]


async def add_scope(session: AsyncSession, measure_key: str, scope: str) -> bool:
    """Materialise this scope from now on; whether that is new."""
    statement = upsert(measure_scopes).values(measure_key=measure_key, scope=scope)
    added = await session.execute(statement.on_conflict_do_nothing().returning(measure_scopes.c.scope))
    return added.first() is not None


async def has_scope(session: AsyncSession, measure_key: str, scope: str) -> bool:
    query = select(measure_scopes).where(measure_scopes.c.measure_key == measure_key, measure_scopes.c.scope == scope)
    return (await session.execute(query)).first() is not None


async def latest_observation(session: AsyncSession, key: str, scope: str, period: date) -> Row[Any] | None:
    query = (
        select(observations)
        .where(observations.c.measure_key == key, observations.c.scope == scope, observations.c.period == period)
        .order_by(observations.c.revision.desc())
        .limit(1)
    )
    return (await session.execute(query)).one_or_none()


async def latest_observations(
    session: AsyncSession, key: str, scope: str, first: date, last: date
) -> Sequence[Row[Any]]:
    """The newest revision of every month from `first` to `last`, in order."""
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


async def last_closed(session: AsyncSession) -> Sequence[Row[Any]]:
    """Of every measure the newest closed month over all tickets."""
    query = (
        select(observations)
        .ext(distinct_on(observations.c.measure_key))
        .where(observations.c.scope == "all", ~observations.c.provisional)
        .order_by(observations.c.measure_key, observations.c.period.desc(), observations.c.revision.desc())
    )
    return (await session.execute(query)).all()


async def last_month(session: AsyncSession, key: str, scope: str) -> date | None:
    """The newest month that was ever told."""
    mine = (observations.c.measure_key == key, observations.c.scope == scope)
    month: date | None = (await session.execute(select(func.max(observations.c.period)).where(*mine))).scalar_one()
    return month


async def revisions(session: AsyncSession, key: str, scope: str, period: date) -> Sequence[Row[Any]]:
    """All that was ever told of this month, oldest first."""
    query = (
        select(observations)
        .where(observations.c.measure_key == key, observations.c.scope == scope, observations.c.period == period)
        .order_by(observations.c.revision)
    )
    return (await session.execute(query)).all()


async def insert_observation(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(observations).values(**values))


async def insert_target(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(targets).values(**values))


async def insert_baseline(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(baselines).values(**values))


async def get_target(session: AsyncSession, target_id: UUID) -> Row[Any]:
    return (await session.execute(select(targets).where(targets.c.id == target_id))).one()


async def get_baseline(session: AsyncSession, baseline_id: UUID) -> Row[Any]:
    return (await session.execute(select(baselines).where(baselines.c.id == baseline_id))).one()


async def list_targets(session: AsyncSession, key: str, scope: str | None = None) -> Sequence[Row[Any]]:
    """In the order in which they take effect; of those of one day the last set counts."""
    query = select(targets).where(targets.c.measure_key == key).order_by(targets.c.effective_from, targets.c.id)
    if scope is not None:
        query = query.where(targets.c.scope == scope)
    return (await session.execute(query)).all()


async def list_baselines(session: AsyncSession, key: str, scope: str | None = None) -> Sequence[Row[Any]]:
    """In the order in which they take effect; of those of one day the last set counts."""
    query = select(baselines).where(baselines.c.measure_key == key).order_by(baselines.c.effective_from, baselines.c.id)
    if scope is not None:
        query = query.where(baselines.c.scope == scope)
    return (await session.execute(query)).all()


async def get_baseline_of(session: AsyncSession, improvement_id: UUID) -> Row[Any] | None:
    query = select(baselines).where(baselines.c.improvement_id == improvement_id)
    return (await session.execute(query)).first()
