"""Agreements come into force, announce their end and expire by themselves."""

from services.metrics.agreements import course
from services.metrics.agreements.records import TURN_JOB, today
from shared.database import Database
from shared.jobs import Job

_AT_ONCE = 50


async def turn_agreements(database: Database) -> int:
    """One portion; how many agreements moved or were announced."""
    async with database.transaction() as session:
        return await course.turn(session, today(), _AT_ONCE)


jobs = (Job(TURN_JOB, 60.0, turn_agreements),)
