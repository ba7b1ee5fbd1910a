"""The days on which a signed effect is looked at again."""

from services.improvement.sustain import service
from shared import clock
from shared.database import Database
from shared.jobs import Job


async def ask_sustained(database: Database) -> int:
    """Ask metrics about a portion of what is due."""
    async with database.transaction() as session:
        return await service.ask_due(session, clock.now())


jobs = (Job(service.JOB, 60.0, ask_sustained),)
