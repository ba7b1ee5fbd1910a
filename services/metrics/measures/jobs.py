"""The evaluation: months that were marked are computed again, told, and judged."""

from typing import get_args

from services.metrics.gaps import service as gaps
from services.metrics.imports import repository as imports
from services.metrics.measures import repository, service
from services.metrics.measures.periods import Basis, is_over, previous_month
from services.metrics.settings import MetricsSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

_MOST_MONTHS = 24


def make_jobs(settings: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of measures."""

    async def evaluate_quiet_months(database: Database) -> int:
        return await evaluate(database, settings.evaluation_quiet_seconds, settings.evaluation_latest_seconds)

    return (
        Job(repository.EVALUATION, min(1.0, settings.evaluation_quiet_seconds / 2 + 0.05), evaluate_quiet_months),
        Job("metrics.close_last_month", 60.0, close_last_month),
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
        now = clock.now()
        for basis, period in marks:
            for measure, scopes in await repository.measures_by(session, basis):
                for scope in scopes:
                    observation = await service.observe(session, measure, scope, period, now)
                    if observation is not None and is_over(period, now):
                        await gaps.judge(session, measure, observation)
        return len(marks)


async def close_last_month(database: Database) -> int:
    """Once a month has ended it is judged, with or without a late update."""
    month = previous_month(clock.now().date().replace(day=1))
    async with database.transaction() as session:
        if await repository.close_period(session, month):
            await repository.mark_dirty(session, [(basis, month) for basis in get_args(Basis)])
            return 1
    return 0
