"""Evaluations that nobody made in time are found."""

from services.metrics.standards import evaluating
from shared import clock
from shared.database import Database
from shared.jobs import Job


async def find_missed(database: Database) -> int:
    async with database.transaction() as session:
        return await evaluating.find_missed(session, clock.now(), 500)


jobs = (Job("metrics.find_missed_evaluations", 3600.0, find_missed),)
