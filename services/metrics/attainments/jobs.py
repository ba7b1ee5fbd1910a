"""The evaluation of clauses: periods that were marked are computed again, told, and settled once they are over."""

from services.metrics.attainments import repository, service
from services.metrics.imports import repository as imports
from services.metrics.settings import MetricsSettings
from services.metrics.settlements import service as settlements
from shared import clock
from shared.database import Database
from shared.jobs import Job

_PORTION = 100


def make_jobs(chosen: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of evaluations."""

    async def evaluate_quiet_periods(database: Database) -> int:
        return await evaluate(database, chosen.evaluation_quiet_seconds, chosen.evaluation_latest_seconds)

    every = min(1.0, chosen.evaluation_quiet_seconds / 2 + 0.05)
    return (Job(repository.EVALUATION, every, evaluate_quiet_periods),)


async def evaluate(database: Database, quiet_seconds: float, latest_seconds: float) -> int:
    """Evaluate up to 100 clauses' periods; returns how many.

    What changes is left until it is quiet, and while an import runs nothing is evaluated: half a period's tickets are
    no period.
    """
    async with database.transaction() as session:
        if not await repository.begin_evaluation(session) or await imports.is_any_running(session):
            return 0
        marks = await repository.take_marks(session, _PORTION, quiet_seconds, latest_seconds)
        now = clock.now()
        for settled in await service.evaluate(session, marks, now):
            await settlements.draft(session, settled.agreement_id, settled.period, now)
        return len(marks)
