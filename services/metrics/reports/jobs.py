"""What owners owe is found, and what they handed in early counts once its period is over."""

from services.metrics.reports import service
from shared import clock
from shared.database import Database
from shared.jobs import Job


async def watch_collection(database: Database) -> int:
    async with database.transaction() as session:
        await service.close_reported(session, clock.now())
        await service.tell_overdue(session, clock.now())
    return 0


jobs = (Job("metrics.watch_collection", 300.0, watch_collection),)
