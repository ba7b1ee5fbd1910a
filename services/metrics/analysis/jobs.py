"""The assessment of effects: gathered in one transaction, computed in a process of its own, told in another."""

from datetime import timedelta
from functools import partial

from services.metrics.analysis import repository, service
from services.metrics.analysis.questions import MINIMUM_SEGMENT, Changes, FindChanges
from services.metrics.analysis.worker import assess_in_worker
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.workers import TIMEOUT_SECONDS, Worker


async def assess_next(worker: Worker, database: Database) -> int:
    """Assess one request whose turn it is."""
    now = clock.now()
    async with database.transaction() as session:
        request = await repository.claim_due(session, now, now + timedelta(seconds=2 * TIMEOUT_SECONDS + 60))
    if request is None:
        return 0
    try:
        async with database.reading() as session:
            compared = await service.gather(session, request)
    except service.Unanswerable as error:
        async with database.transaction() as session:
            await service.tell_unanswerable(session, request.id, str(error), clock.now())
        return 1
    if service.is_still_waiting(request, compared):
        async with database.transaction() as session:
            await service.look_again(session, request.id, clock.now())
        return 1
    answer = await assess_in_worker(worker, compared.question)
    changes = None
    values = tuple(datum.value for datum in compared.story.data)
    if len(values) >= 2 * MINIMUM_SEGMENT:
        changes = await worker.ask(FindChanges(values=values, alpha=compared.question.alpha), Changes)
    async with database.transaction() as session:
        await service.tell(session, request.id, compared, answer, changes, clock.now())
    return 1


def make_jobs(worker: Worker) -> tuple[Job, ...]:
    """The jobs, with the worker that computes."""
    return (Job("metrics.assess_effects", 1.0, partial(assess_next, worker)),)
