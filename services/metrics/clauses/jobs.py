"""What clauses do when nobody asks: notice what time does to them."""

from services.metrics.clauses import service
from shared import clock
from shared.database import Database
from shared.jobs import Job

_PORTION = 500


async def notice(database: Database) -> int:
    """One portion of clocks that ran out or came near it."""
    async with database.transaction() as session:
        return await service.notice(session, clock.now(), _PORTION)


async def look(database: Database) -> int:
    """One portion of clauses without clocks that time moves."""
    async with database.transaction() as session:
        return await service.look_again(session, clock.now(), _PORTION)


jobs = (
    Job("metrics.notice_clocks", 2.0, notice),
    Job("metrics.look_at_clauses", 5.0, look),
)
