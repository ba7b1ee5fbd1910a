"""Agreements are taken up and their periods closed by themselves."""

from services.metrics.watches import service
from shared import clock
from shared.database import Database
from shared.jobs import Job

_PORTION = 500


async def watch(database: Database) -> int:
    """Take up agreements, or follow some days of tickets that they had before; how much was done."""
    async with database.transaction() as session:
        now = clock.now()
        begun = await service.watch_new(session, now, _PORTION) + await service.heed_calendars(session, now, _PORTION)
        return begun or await service.follow_earlier(session, now)


async def close(database: Database) -> int:
    """One agreement's period that is over."""
    async with database.transaction() as session:
        return await service.close_period(session, clock.now())


jobs = (
    Job("metrics.watch_agreements", 5.0, watch),
    Job("metrics.close_periods_of_agreements", 30.0, close),
)
