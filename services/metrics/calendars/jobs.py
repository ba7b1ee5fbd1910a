"""When a year begins, its public holidays are written down."""

from services.metrics.calendars import service
from shared import clock
from shared.database import Database
from shared.jobs import Job


async def keep_begun_year(database: Database) -> int:
    async with database.transaction() as session:
        return await service.keep_begun_year(session, clock.now(), 50)


jobs = (Job("metrics.keep_holidays", 3600.0, keep_begun_year),)
