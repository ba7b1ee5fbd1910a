"""What the desk reaches, and what the customers think of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.figures import repository, rules
from services.satisfaction.callbacks.figures.repository import MODES, Dimension, Scope
from services.satisfaction.callbacks.figures.schemas import (
    Around,
    ConductScore,
    Coverage,
    CoverageOf,
    Satisfaction,
    SatisfactionOf,
    Score,
)


async def measure_coverage(session: AsyncSession, scope: Scope, now: datetime) -> Coverage:
    """F23 over the resolutions of this scope."""
    (row,) = await repository.count(session, scope, now, None, [], None, 1)
    return Coverage(
        resolved_from=scope.resolved_from, resolved_before=scope.resolved_before, **_tell_coverage(row._mapping)
    )


async def list_coverage(
    session: AsyncSession, scope: Scope, now: datetime, by: Dimension, zone: str, after: str | None, limit: int
) -> list[CoverageOf]:
    """F23 for each value of a dimension behind `after`."""
    months = await _find_months(session, scope, by, zone)
    rows = await repository.count(session, scope, now, by, months, _read(by, after, months, zone), limit)
    return [
        CoverageOf(by=by, value=_name(by, row.bucket, months, zone), **_tell_coverage(row._mapping)) for row in rows
    ]


async def measure_satisfaction(session: AsyncSession, scope: Scope) -> Satisfaction:
    """F4 over the resolutions of this scope."""
    (row,) = await repository.count_answers(session, scope, None, [], None, 1)
    conduct = await repository.count_conduct(session, scope, None, [], [None])
    return Satisfaction(
        resolved_from=scope.resolved_from,
        resolved_before=scope.resolved_before,
        conduct=[ConductScore.model_validate(item._mapping) for item in conduct],
        **_tell_answers(row._mapping),
    )


async def list_satisfaction(
    session: AsyncSession, scope: Scope, by: Dimension, zone: str, after: str | None, limit: int
) -> list[SatisfactionOf]:
    """F4 for each value of a dimension behind `after`; R200: by `handler`."""
    months = await _find_months(session, scope, by, zone)
    rows = await repository.count_answers(session, scope, by, months, _read(by, after, months, zone), limit)
    conduct: dict[Any, list[ConductScore]] = {}
    if rows:
        for item in await repository.count_conduct(session, scope, by, months, [row.bucket for row in rows]):
            conduct.setdefault(item.bucket, []).append(ConductScore.model_validate(item._mapping))
    return [
        SatisfactionOf(
            by=by,
            value=_name(by, row.bucket, months, zone),
            conduct=conduct.get(row.bucket, []),
            **_tell_answers(row._mapping),
        )
        for row in rows
    ]


async def compare_around(session: AsyncSession, scope: Scope, at: datetime, days: int) -> Around:
    """R121: what customers thought before and after a release."""
    span = timedelta(days=days)
    before, after = _move(scope, at - span, at), _move(scope, at, at + span)
    return Around(
        at=at,
        days=days,
        before=await measure_satisfaction(session, before),
        after=await measure_satisfaction(session, after),
    )


def _move(scope: Scope, start: datetime, end: datetime) -> Scope:
    return Scope(
        start, end, scope.service, scope.customer, scope.group, scope.project, scope.desk, scope.segment, scope.handler
    )


async def _find_months(session: AsyncSession, scope: Scope, by: Dimension, zone: str) -> Sequence[datetime]:
    if by != "month":
        return []
    span = await repository.find_span(session, scope)
    return [] if span is None else rules.list_months(*span, zone)


def _name(by: Dimension, value: Any, months: Sequence[datetime], zone: str) -> str | None:
    return rules.name_month(months[value - 1], zone) if by == "month" else value


def _read(by: Dimension, after: str | None, months: Sequence[datetime], zone: str) -> Any:
    """What a cursor names, as it is compared with."""
    if by != "month" or after is None:
        return after
    return sum(rules.name_month(month, zone) <= after for month in months)


def _tell_coverage(counts: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        **counts,
        "n": counts["resolved"] - counts["cancelled"],
        "coverage": rules.compute_coverage(counts["completed_on_time"], counts["resolved"], counts["cancelled"]),
    }


def _tell_answers(counts: Mapping[Any, Any]) -> dict[str, Any]:
    by_mode = {mode: [counts[f"{mode}_{score}"] for score in range(1, 6)] for mode in MODES}
    total = [sum(scores) for scores in zip(*by_mode.values(), strict=True)]
    return {
        **_score(total).model_dump(),
        "modes": {mode: _score(scores) for mode, scores in by_mode.items() if sum(scores)},
        "solved": {solved: counts[f"solved_{solved}"] for solved in ("yes", "partly", "no")},
    }


def _score(scores: Sequence[int]) -> Score:
    n, satisfied, csat, mean = rules.compute_satisfaction(scores)
    return Score(n=n, satisfied=satisfied, csat=csat, mean=mean, scores=scores)
