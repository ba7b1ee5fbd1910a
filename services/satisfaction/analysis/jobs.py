"""The analysis at the close: read in one transaction, computed in a process of its own, kept in another."""

import asyncio
from tempfile import NamedTemporaryFile
from typing import Any

from sqlalchemy import Row

from services.satisfaction.analysis import repository, service
from services.satisfaction.analysis.questions import END
from services.satisfaction.analysis.schemas import CampaignAnalysis
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.workers import Worker


async def analyse_next(worker: Worker, settings: SatisfactionSettings, database: Database) -> int:
    """One closed campaign whose analysis is due."""
    now = clock.now()
    async with database.transaction() as session:
        campaign = await repository.claim_due(session, now, service.wait_until(now))
    if campaign is None:
        return 0
    analysis = await analyse(worker, settings, database, campaign)
    async with database.transaction() as session:
        await service.keep_analysis(session, analysis, settings)
    return 1


async def analyse(
    worker: Worker, settings: SatisfactionSettings, database: Database, campaign: Row[Any]
) -> CampaignAnalysis:
    """The answers go through a file that only this user can read, and that is gone afterwards; the worker loads while
    they are counted, and reads the file while it is written."""
    await worker.prepare()
    with NamedTemporaryFile(prefix="ratchet-survey-") as file:

        async def write(piece: bytes) -> None:
            file.write(piece)

        async with asyncio.TaskGroup() as group:
            async with database.reading() as session:
                question = await service.gather(session, campaign, file.name, settings)
                asking = group.create_task(worker.ask(question, CampaignAnalysis))
                await repository.copy_answers(session, campaign.id, write)
            file.write(END)
            file.flush()
        return asking.result()


def make_jobs(worker: Worker, settings: SatisfactionSettings) -> tuple[Job, ...]:
    """The job, with the worker that computes."""

    async def analyse_due(database: Database) -> int:
        return await analyse_next(worker, settings, database)

    return (Job(service.JOB, 5.0, analyse_due),)
