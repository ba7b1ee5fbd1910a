"""What clauses do when nobody asks: notice clocks that run out, take up new agreements, close periods."""

from services.metrics.clauses import service, watching
from shared import clock
from shared.database import Database
from shared.jobs import Job

_PORTION = 500


async def notice(database: Database) -> int:
    """One portion of clocks that ran out or came near it."""
    async with database.transaction() as session:
        return await service.notice(session, clock.now(), _PORTION)


async def watch(database: Database) -> int:
    """Take up agreements, or follow some days of tickets that they had before; how much was done."""
    async with database.transaction() as session:
        now = clock.now()
        begun = await watching.watch_new(session, now, _PORTION) + await watching.heed_calendars(session, now, _PORTION)
        return begun or await watching.follow_earlier(session, now)


async def look(database: Database) -> int:
    """One portion of clauses that time moves."""
    async with database.transaction() as session:
        return await watching.look_again(session, clock.now(), _PORTION)


async def close(database: Database) -> int:
    """One agreement's period that is over."""
    async with database.transaction() as session:
        return await watching.close_period(session, clock.now())


jobs = (
    Job("metrics.notice_clocks", 2.0, notice),
    Job("metrics.watch_agreements", 5.0, watch),
    Job("metrics.look_at_clauses", 5.0, look),
    Job("metrics.close_periods_of_agreements", 30.0, close),
)
