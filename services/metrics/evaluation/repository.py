"""Every SQL statement of the evaluation: marks, and the formulas over the facts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, Date, Row, Text, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation.models import dirty_marks
from services.metrics.measures.formulas import FORMULAS, Expression, Interruptions, is_proportion, period_column
from services.metrics.measures.periods import Basis, starts_at
from services.metrics.settings import settings

EVALUATION = "metrics.evaluate"
_EVALUATION_LOCK = 0x6576616C

Marks = Mapping[tuple[Basis, date], set[str] | None]
"""Months by basis, with the single `dimension=value` scopes that were touched; None means any."""

_MARK_WHOLE = text("INSERT INTO dirty_marks (basis, period) SELECT * FROM unnest(:bases, :periods)").bindparams(
    bindparam("bases", type_=ARRAY(Text)), bindparam("periods", type_=ARRAY(Date))
)
_MARK_SCOPED = text(
    """
    INSERT INTO dirty_marks (basis, period, scopes)
    SELECT m.basis, m.period, array(SELECT jsonb_array_elements_text(m.scopes::jsonb))
    FROM unnest(:bases, :periods, :scopes) AS m (basis, period, scopes)
    """
).bindparams(
    bindparam("bases", type_=ARRAY(Text)),
    bindparam("periods", type_=ARRAY(Date)),
    bindparam("scopes", type_=ARRAY(Text)),
)
_CLOSE_PERIODS = text(
    """
    INSERT INTO closed_periods (period)
    SELECT month::date FROM generate_series(
        least(coalesce((SELECT max(period) + interval '1 month' FROM closed_periods), :last), :last),
        CAST(:last AS timestamp), interval '1 month') AS month
    ON CONFLICT DO NOTHING RETURNING period
    """
).bindparams(bindparam("last", type_=Date))

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
        RETURNING m.basis, m.period, m.measure_key, m.scopes
    )
    SELECT t.basis, t.period, t.measure_key, bool_or(t.scopes IS NULL) AS whole,
        array_agg(DISTINCT s.scope) FILTER (WHERE s.scope IS NOT NULL) AS scopes
    FROM taken t LEFT JOIN LATERAL unnest(t.scopes) AS s (scope) ON true
    GROUP BY t.basis, t.period, t.measure_key ORDER BY t.period, t.basis, t.measure_key
    """
)
_START = "coalesce(f.failed_at, f.opened_at)"
_INTERRUPTIONS = "f.kind = 'incident' AND f.incident_class = 'interruption' AND f.state <> 'cancelled'"


class Mark(NamedTuple):
    """A month to compute again: for one measure or all that count by this basis, in these scopes or any."""

    basis: Basis
    period: date
    measure_key: str | None
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Which facts: those whose time by `basis` lies in [`start`, `end`)."""

    expression: Expression | Interruptions
    basis: str
    start: datetime
    end: datetime


class Aggregate(NamedTuple):
    """A formula's result for the scope whose dimensions have these values."""

    values: tuple[str, ...]
    value: float | None
    numerator: float | None
    n: int
    missing: int


def expression_of(measure: Row[Any]) -> Expression | Interruptions:
    """The measure's formula with its parameters. Raises `KeyError` for one whose values come from elsewhere."""
    build = FORMULAS[measure.formula].build
    if build is None:
        raise KeyError(measure.formula)
    return build(measure.parameters)


def is_computed(measure: Row[Any]) -> bool:
    """Whether its values are computed from facts."""
    return FORMULAS[measure.formula].build is not None


async def mark_dirty(session: AsyncSession, marks: Marks) -> None:
    """These months must be computed again. Marks are only ever added here, so that no writer waits for another."""
    whole = sorted(key for key, scopes in marks.items() if scopes is None)
    if whole:
        await session.execute(_MARK_WHOLE, {"bases": [b for b, _ in whole], "periods": [p for _, p in whole]})
    scoped = sorted((key, sorted(scopes)) for key, scopes in marks.items() if scopes is not None)
    if len(scoped) == 1:
        ((basis, period), scopes) = scoped[0]
        await session.execute(insert(dirty_marks).values(basis=basis, period=period, scopes=scopes))
    elif scoped:
        await session.execute(
            _MARK_SCOPED,
            {
                "bases": [basis for (basis, _), _ in scoped],
                "periods": [period for (_, period), _ in scoped],
                "scopes": [orjson.dumps(scopes).decode() for _, scopes in scoped],
            },
        )


async def mark_measure(session: AsyncSession, measure: Row[Any], first: date, scopes: Sequence[str] | None) -> None:
    """Mark every month from `first` on, as far as there are facts, for this measure only."""
    if not is_computed(measure):
        return
    expression = expression_of(measure)
    basis = measure.parameters["period_by"]
    if isinstance(expression, Interruptions):
        facts = f"SELECT min({_START}) AS since, now() AS until FROM tickets f WHERE {_INTERRUPTIONS}"
    else:
        column = period_column(basis)
        facts = f"SELECT min({column}) AS since, max({column}) AS until FROM {expression.facts}"
    await session.execute(
        text(
            "INSERT INTO dirty_marks (basis, period, measure_key, scopes) "
            "SELECT :basis, month::date, :key, CAST(:scopes AS text[]) "
            f"FROM ({facts}) b, LATERAL generate_series("
            "date_trunc('month', greatest(b.since, CAST(:first AS timestamptz)) AT TIME ZONE :zone), "
            "b.until AT TIME ZONE :zone, interval '1 month') AS month "
            "WHERE b.since IS NOT NULL"
        ).bindparams(bindparam("scopes", type_=ARRAY(Text))),
        {
            "basis": basis,
            "key": measure.key,
            "scopes": None if scopes is None else list(scopes),
            "first": starts_at(first, settings().zone),
            "zone": settings().time_zone,
        },
    )


async def begin_evaluation(session: AsyncSession) -> bool:
    """Whether this transaction is the only one that evaluates now."""
    locked = await session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _EVALUATION_LOCK})
    return bool(locked.scalar_one())


async def take_marks(session: AsyncSession, most: int, quiet_seconds: float, latest_seconds: float) -> list[Mark]:
    """Dirty months, oldest first, that were left alone for `quiet_seconds` or have waited for `latest_seconds`; their
    marks go with this transaction."""
    rows = await session.execute(_TAKE_MARKS, {"most": most, "quiet": quiet_seconds, "latest": latest_seconds})
    return [
        Mark(row.basis, row.period, row.measure_key, None if row.whole else frozenset(row.scopes or ())) for row in rows
    ]


async def close_periods(session: AsyncSession, last: date) -> list[date]:
    """Note that this month is over, and every one before it since the newest that was noted: after a stop of several
    months none is left out. Returns those that were news."""
    return list(await session.scalars(_CLOSE_PERIODS, {"last": last}))


async def compute(
    session: AsyncSession,
    facts: Facts,
    dimensions: Sequence[str] = (),
    values: Collection[tuple[str, ...]] | None = None,
    *,
    now: datetime,
) -> list[Aggregate]:
    """The formula over these facts, told apart by `dimensions`: for each of `values`, or for every value that holds
    data. One scan, however many scopes."""
    if isinstance(facts.expression, Interruptions):
        return await _compute_interruptions(session, facts, dimensions, values, now)
    expression = facts.expression
    where, parameters = _where(facts, dimensions, values)
    names = "".join(f', f."{name}" AS d{i}' for i, name in enumerate(dimensions))
    grouped = ", ".join(f"d{i}" for i in range(len(dimensions)))
    numerator = "count(*) FILTER (WHERE sample)::float" if is_proportion(expression) else "NULL::float"
    rows = await session.execute(
        text(
            f"SELECT {grouped + ', ' if grouped else ''}{expression.value} AS value, {numerator} AS numerator, "
            "count(sample) AS n, count(*) - count(sample) AS missing "
            f"FROM (SELECT {expression.sample} AS sample{names} FROM {expression.facts} f WHERE {where}) s "
            + (f"GROUP BY {grouped}" if grouped else "")
        ),
        parameters,
    )
    width = len(dimensions)
    return [
        Aggregate(
            tuple(row[:width]), row.value if row.n else None, row.numerator if row.n else None, row.n, row.missing
        )
        for row in rows
    ]


async def _compute_interruptions(
    session: AsyncSession,
    facts: Facts,
    dimensions: Sequence[str],
    values: Collection[tuple[str, ...]] | None,
    now: datetime,
) -> list[Aggregate]:
    """Overlapping interruptions are one; `n` is how many there were, and none at all is a good value, not no data."""
    assert isinstance(facts.expression, Interruptions)
    until = min(facts.end, now)
    if until <= facts.start or not await _tells_interruptions(session, until):
        return []
    where, parameters = _of_scopes(dimensions, values)
    names = "".join(f', f."{name}" AS d{i}' for i, name in enumerate(dimensions))
    grouped = ", ".join(f"d{i}" for i in range(len(dimensions)))
    restored = "coalesce(f.resolved_at, f.closed_at, :until)"
    parameters |= {"start": facts.start, "until": until, "total": (until - facts.start).total_seconds() / 3600}
    rows = await session.execute(
        text(
            f"SELECT {grouped + ', ' if grouped else ''}{facts.expression.value} AS value, count(hours) AS n FROM ("
            "SELECT g.*, date_part('epoch', upper(span) - lower(span)) / 3600 AS hours FROM ("
            f"SELECT range_agg(tstzrange(greatest({_START}, :start), least({restored}, :until))) AS spans{names} "
            f"FROM tickets f WHERE {_INTERRUPTIONS} AND {_START} < :until AND {restored} > :start AND {where} "
            + (f"GROUP BY {grouped}" if grouped else "")
            + ") g LEFT JOIN LATERAL unnest(g.spans) AS span ON true) h "
            + (f"GROUP BY {grouped}" if grouped else "")
        ),
        parameters,
    )
    width = len(dimensions)
    found = {tuple(row[:width]): Aggregate(tuple(row[:width]), row.value, None, row.n, 0) for row in rows}
    for wanted in values or ():
        found.setdefault(wanted, Aggregate(wanted, facts.expression.without_any, None, 0, 0))
    return list(found.values())


async def _tells_interruptions(session: AsyncSession, until: datetime) -> bool:
    """Whether any source has told of an interruption by then: before, nobody knows whether there were some."""
    told = await session.execute(
        text(f"SELECT 1 FROM tickets f WHERE {_INTERRUPTIONS} AND f.opened_at < :until LIMIT 1"), {"until": until}
    )
    return told.first() is not None


async def interruptions(
    session: AsyncSession, dimensions: Sequence[str], values: tuple[str, ...], start: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans between `start` and `until` in which the scope was interrupted, overlapping ones as one, in order."""
    where, parameters = _of_scopes(dimensions, [values])
    restored = "coalesce(f.resolved_at, f.closed_at, :until)"
    rows = await session.execute(
        text(
            "SELECT lower(span) AS since, upper(span) AS until FROM unnest((SELECT "
            f"range_agg(tstzrange(greatest({_START}, :start), least({restored}, :until))) FROM tickets f "
            f"WHERE {_INTERRUPTIONS} AND {_START} < :until AND {restored} > :start AND {where})) AS span ORDER BY 1"
        ),
        {**parameters, "start": start, "until": until},
    )
    return [(row.since, row.until) for row in rows]


async def sample(session: AsyncSession, facts: Facts, dimensions: Sequence[str], values: tuple[str, ...]) -> list[Any]:
    """What every counted fact contributes: booleans, or hours."""
    assert isinstance(facts.expression, Expression)
    where, parameters = _where(facts, dimensions, [values] if dimensions else None)
    every = f"SELECT {facts.expression.sample} AS sample FROM {facts.expression.facts} f WHERE {where}"
    rows = await session.execute(text(f"SELECT sample FROM ({every}) s WHERE sample IS NOT NULL"), parameters)
    return list(rows.scalars())


def _where(
    facts: Facts, dimensions: Sequence[str], values: Collection[tuple[str, ...]] | None
) -> tuple[str, dict[str, Any]]:
    assert isinstance(facts.expression, Expression)
    column = period_column(facts.basis)
    scoped, parameters = _of_scopes(dimensions, values)
    where = f"{facts.expression.population} AND f.{column} >= :start AND f.{column} < :end AND {scoped}"
    return where, {**parameters, **facts.expression.bindings, "start": facts.start, "end": facts.end}


def _of_scopes(dimensions: Sequence[str], values: Collection[tuple[str, ...]] | None) -> tuple[str, dict[str, Any]]:
    if not dimensions:
        return "true", {}
    if values is None:
        return " AND ".join(f'f."{name}" IS NOT NULL' for name in dimensions), {}
    columns = ", ".join(f'f."{name}"' for name in dimensions)
    arrays = ", ".join(f"CAST(:v{i} AS text[])" for i in range(len(dimensions)))
    parameters = {f"v{i}": [value[i] for value in values] for i in range(len(dimensions))}
    if len(dimensions) == 1:
        return f"{columns} = ANY({arrays})", parameters
    return f"({columns}) IN (SELECT * FROM unnest({arrays}))", parameters
