"""What is overdue is told by itself."""

from services.improvement.tasks import service
from shared import clock
from shared.database import Database
from shared.jobs import Job

_AT_ONCE = 200


async def tell_overdue(database: Database) -> int:
    """One portion; how many tasks were told of."""
    async with database.transaction() as session:
        return await service.tell_overdue(session, clock.now(), _AT_ONCE)


jobs = (Job("improvement.tasks.overdue", 60.0, tell_overdue),)
