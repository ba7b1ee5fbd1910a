"""Once a definition is due to be looked at again, its owner hears of it."""

from services.metrics.measures import service
from services.metrics.measures.periods import local_day
from services.metrics.settings import settings
from shared import clock
from shared.database import Database
from shared.jobs import Job


async def tell_reviews_due(database: Database) -> int:
    async with database.transaction() as session:
        return await service.tell_reviews_due(session, local_day(clock.now(), settings().zone), 100)


jobs = (Job("metrics.tell_reviews_due", 3600.0, tell_reviews_due),)
