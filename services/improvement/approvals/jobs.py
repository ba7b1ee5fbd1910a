"""Approvals that nobody used in time run out by themselves."""

from services.improvement.approvals import service
from shared import clock
from shared.database import Database
from shared.jobs import Job

_AT_ONCE = 50


async def expire_approvals(database: Database) -> int:
    """One portion; how many records must be approved again."""
    async with database.transaction() as session:
        return await service.expire_approvals(session, clock.now(), _AT_ONCE)


jobs = (Job("improvement.approvals.expire", 60.0, expire_approvals),)
