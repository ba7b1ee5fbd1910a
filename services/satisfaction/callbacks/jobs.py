"""What the callbacks do when nobody asks: notice whose time is over."""

from services.satisfaction.callbacks.service import notice_overdue
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 500


async def _notice(database: Database) -> int:
    return await notice_overdue(database, clock.now(), PORTION)


jobs = (Job("callbacks.overdue", 5.0, _notice),)
