"""The evaluation: months that were marked are computed again, told, and judged."""

from collections.abc import Collection
from datetime import date
from typing import get_args

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation import repository, service
from services.metrics.evaluation.repository import Mark
from services.metrics.imports import repository as imports
from services.metrics.measures import repository as measures
from services.metrics.measures.periods import Basis, local_day, month_of, period_of, previous_month
from services.metrics.observations import repository as observations
from services.metrics.observations import service as values
from services.metrics.settings import MetricsSettings, settings
from shared import clock
from shared.database import Database
from shared.jobs import Job

_MOST_MONTHS = 24
_Work = dict[tuple[str, date], set[str] | None]
"""By measure and period, the single scopes that were touched; None means any."""


def make_jobs(chosen: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of the evaluation."""

    async def evaluate_quiet_months(database: Database) -> int:
        return await evaluate(database, chosen.evaluation_quiet_seconds, chosen.evaluation_latest_seconds)

    return (
        Job(repository.EVALUATION, min(1.0, chosen.evaluation_quiet_seconds / 2 + 0.05), evaluate_quiet_months),
        Job("metrics.close_months", 60.0, close_months),
    )


async def evaluate(database: Database, quiet_seconds: float, latest_seconds: float) -> int:
    """Compute and judge up to 24 dirty months; returns how many.

    A month under change is left until it is quiet, so that one burst of updates is one observation, not many. While an
    import runs nothing is judged: half a month's tickets are no month.
    """
    async with database.transaction() as session:
        if not await repository.begin_evaluation(session) or await imports.is_any_running(session):
            return 0
        marks = await repository.take_marks(session, _MOST_MONTHS, quiet_seconds, latest_seconds)
        await _evaluate_marked(session, marks)
        return len(marks)


async def _evaluate_marked(session: AsyncSession, marks: Collection[Mark]) -> None:
    if not marks:
        return
    now = clock.now()
    by_key = {measure.key: measure for measure in await measures.list_measures(session)}
    work: _Work = {}
    for mark in marks:
        for measure in by_key.values():
            if measure.parameters.get("period_by") == mark.basis and mark.measure_key in (None, measure.key):
                _add(work, (measure.key, period_of(measure.frequency, mark.period)), mark.scopes)
    for (key, period), touched in sorted(work.items(), key=lambda item: (item[0][1], item[0][0])):
        measure = by_key[key]
        computed = await service.compute_period(
            session,
            measure,
            period,
            await measures.list_scopes(session, key),
            touched,
            await observations.scopes_told(session, key, period) if touched is None else (),
            now,
        )
        await values.tell(session, measure, period, computed, now)


def _add(work: _Work, key: tuple[str, date], scopes: frozenset[str] | None) -> None:
    if scopes is None:
        work[key] = None
        return
    known = work.setdefault(key, set())
    if known is not None:
        known |= scopes


async def close_months(database: Database) -> int:
    """Once a month has ended it is judged, with or without a late update; returns how many were."""
    last = previous_month(month_of(local_day(clock.now(), settings().zone)))
    async with database.transaction() as session:
        closed = await repository.close_periods(session, last)
        marks: dict[tuple[Basis, date], set[str] | None] = {
            (basis, month): None for basis in get_args(Basis) for month in closed
        }
        await repository.mark_dirty(session, marks)
        return len(closed)
