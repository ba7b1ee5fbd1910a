"""What triggers do when nobody asks: open the surveys that are due."""

from services.satisfaction.campaigns.triggers.opening import open_next
from services.satisfaction.campaigns.triggers.service import OPENING
from shared import clock
from shared.database import Database
from shared.jobs import Job


def make_jobs(key: bytes) -> tuple[Job, ...]:
    """The job, with the key of the links."""

    async def open_due(database: Database) -> int:
        return await open_next(database, key, clock.now())

    return (Job(OPENING, 60.0, open_due),)
