"""What campaigns do when nobody asks: close when their time is over."""

from services.satisfaction.campaigns.course import close_ended
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 20


async def _close(database: Database) -> int:
    return await close_ended(database, clock.now(), PORTION)


jobs: tuple[Job, ...] = (Job("campaigns.closing", 15.0, _close),)
