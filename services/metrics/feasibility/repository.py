"""Every SQL statement on the history that promises are judged by, and on the studies that were kept.

A whole history is one pass over the tickets opened in it, whatever the number of clauses: one index range of
`opened_at`, answered as counts. Working time is counted in the statement, by the calendar's working spans as arrays:
W(t) is the working time before t, and what passed between two moments is the difference.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, Double, Row, Text, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.feasibility.models import feasibility_studies
from services.metrics.observations.models import observations

_SECONDS = ARRAY(Double)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose tickets: of these services, of one customer and project or of everybody."""

    services: Collection[str]
    customer: str | None
    project: str | None


@dataclass(frozen=True, slots=True)
class Spans:
    """A calendar's working spans in order, as seconds since 1970, with the seconds of working time before each."""

    begins: Sequence[float]
    ends: Sequence[float]
    before: Sequence[float]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted for one clause: its tickets, of them (`limit_seconds` given) those whose clock stopped in time.

    Empty `services` and `priorities` are all. `stops` names the clock. `business`: by the calendar's spans.
    """

    services: Collection[str]
    priorities: Collection[str]
    incident_class: str | None = None
    limit_seconds: float | None = None
    stops: str = "resolution"
    business: bool = False
    pauses: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one period: `n` cases that can be judged, `good` of them in time."""

    n: int
    good: int


_COLUMNS = (
    "service, priority, incident_class, pauses, date_part('epoch', opened_at) AS opened, "
    "date_part('epoch', coalesce(responded_at, resolved_at, closed_at)) AS response, "
    "date_part('epoch', coalesce(resolved_at, closed_at)) AS resolution"
)
_ROUNDING = 1e-5
"""Seconds by which a double may be off: epochs are kept to a fourth of a microsecond."""


async def count_history(
    session: AsyncSession,
    whose: Whose,
    asked: Sequence[Asked],
    periods: Sequence[datetime],
    spans: Spans,
    now: datetime,
) -> dict[int, tuple[int, list[Counted]]]:
    """By period's place (from 0): how many incidents were opened, and for each that is asked what counts.

    `periods` are the periods' first moments and, as the last one, where the history ends. A clock that has not stopped
    is judged once its time has run out.
    """
    parameters: dict[str, Any] = {
        "bounds": [moment.timestamp() for moment in periods],
        "first": periods[0],
        "end": periods[-1],
        "services": list(whose.services),
    }
    types: list[BindParameter[Any]] = [bindparam("bounds", type_=_SECONDS), bindparam("services", type_=ARRAY(Text))]
    if any(question.limit_seconds is not None for question in asked):
        parameters["now"] = now.timestamp()
    if any(question.business for question in asked):
        parameters |= {"begins": list(spans.begins), "ends": list(spans.ends), "before": list(spans.before)}
        types += [bindparam(name, type_=_SECONDS) for name in ("begins", "ends", "before")]
    where = "opened_at >= :first AND opened_at < :end AND kind = 'incident' AND state <> 'cancelled'"
    where += " AND service = ANY(:services)"
    for name in ("customer", "project"):
        value = getattr(whose, name)
        if value is not None:
            where += f" AND {name} = :{name}"
            parameters[name] = value
    inner, outer = [], []
    for place, question in enumerate(asked):
        mine = _belongs(place, question, parameters, types)
        if question.limit_seconds is None:
            inner.append(f"({mine}) AS mine_{place}")
            outer.append(f"count(*) FILTER (WHERE mine_{place}), count(*) FILTER (WHERE mine_{place})")
            continue
        parameters[f"limit_{place}"] = question.limit_seconds + _ROUNDING
        inner.append(f"CASE WHEN {mine} THEN {_spent(question)} END AS spent_{place}")
        inner.append(f"t.{question.stops} IS NOT NULL AS stopped_{place}")
        late = f"spent_{place} > :limit_{place}"
        good = f"stopped_{place} AND NOT {late}"
        outer.append(
            f"count(*) FILTER (WHERE spent_{place} IS NOT NULL AND (stopped_{place} OR {late})), "
            f"count(*) FILTER (WHERE spent_{place} IS NOT NULL AND {good})"
        )
    statement = (
        f"SELECT {', '.join(['place, count(*)', *outer])} FROM ("
        f"SELECT {', '.join(['width_bucket(t.opened, :bounds) - 1 AS place', *inner])} "
        f"FROM (SELECT {_COLUMNS} FROM tickets WHERE {where} OFFSET 0) t OFFSET 0) counted GROUP BY place"
    )
    rows = await session.execute(text(statement).bindparams(*types), parameters)
    return {row[0]: (row[1], [Counted(*pair) for pair in zip(row[2::2], row[3::2], strict=True)]) for row in rows}


def _belongs(place: int, question: Asked, parameters: dict[str, Any], types: list[BindParameter[Any]]) -> str:
    """The condition of the clause's own tickets."""
    conditions = []
    for name, column in (("services", "service"), ("priorities", "priority")):
        values = getattr(question, name)
        if values:
            conditions.append(f"t.{column} = ANY(:{name}_{place})")
            parameters[f"{name}_{place}"] = list(values)
            types.append(bindparam(f"{name}_{place}", type_=ARRAY(Text)))
    if question.incident_class is not None:
        conditions.append(f"t.incident_class = :class_{place}")
        parameters[f"class_{place}"] = question.incident_class
    return " AND ".join(conditions) or "true"


def _spent(question: Asked) -> str:
    """Seconds of the clock from the opening to the stop, without the time in which the ticket was pending."""
    worked = _worked if question.business else str
    stop = f"coalesce(t.{question.stops}, :now)"
    whole = f"greatest({worked(stop)} - {worked('t.opened')}, 0)"
    if not question.pauses:
        return whole
    begin = "greatest(date_part('epoch', (p.span ->> 0)::timestamptz), t.opened)"
    end = f"least(coalesce(date_part('epoch', (p.span ->> 1)::timestamptz), {stop}), {stop})"
    paused = f"SELECT sum(greatest({worked(end)} - {worked(begin)}, 0)) FROM jsonb_array_elements(t.pauses) AS p (span)"
    return f"({whole} - CASE WHEN t.pauses IS NULL THEN 0 ELSE coalesce(({paused}), 0) END)"


def _worked(moment: str) -> str:
    """W(t): the seconds of working time before this moment."""
    place = f"width_bucket({moment}, :begins)"
    return f"coalesce((:before)[{place}] + least({moment}, (:ends)[{place}]) - (:begins)[{place}], 0)"


async def list_interruptions(
    session: AsyncSession, whose: Whose, first: datetime, end: datetime, most: int
) -> Sequence[Row[Any]]:
    """Interruptions that were opened in [first, end): ticket, fault, restoration; a range of their own index."""
    where = (
        "incident_class = 'interruption' AND opened_at >= :first AND opened_at < :end AND kind = 'incident' "
        "AND state <> 'cancelled' AND service = ANY(:services)"
    )
    parameters: dict[str, Any] = {"first": first, "end": end, "services": list(whose.services), "most": most}
    for name in ("customer", "project"):
        value = getattr(whose, name)
        if value is not None:
            where += f" AND {name} = :{name}"
            parameters[name] = value
    statement = (
        "SELECT id, service, priority, coalesce(failed_at, opened_at) AS failed_at, "
        f"coalesce(resolved_at, closed_at) AS restored_at FROM tickets WHERE {where} ORDER BY opened_at LIMIT :most"
    )
    return (
        await session.execute(text(statement).bindparams(bindparam("services", type_=ARRAY(Text))), parameters)
    ).all()


async def list_told(session: AsyncSession, measure_key: str, first: date, end: date) -> Sequence[Row[Any]]:
    """The newest value of every closed period that the clause's own measure was told in, in order."""
    query = (
        select(observations)
        .ext(distinct_on(observations.c.period))
        .where(
            observations.c.measure_key == measure_key,
            observations.c.scope == "all",
            observations.c.period >= first,
            observations.c.period < end,
            ~observations.c.provisional,
            observations.c.value.is_not(None),
        )
        .order_by(observations.c.period, observations.c.revision.desc())
    )
    return (await session.execute(query)).all()


async def insert_study(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(feasibility_studies).values(**values))


async def list_studies(
    session: AsyncSession, agreement_id: UUID, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`."""
    query = select(feasibility_studies).where(feasibility_studies.c.agreement_id == agreement_id)
    if before is not None:
        query = query.where(feasibility_studies.c.id < before)
    return (await session.execute(query.order_by(feasibility_studies.c.id.desc()).limit(limit))).all()
