"""What the callbacks do when nobody asks: notice whose time is running out or over."""

from services.satisfaction.callbacks.service import escalate_callbacks, notice_overdue
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 1000


def make_jobs(thresholds: SatisfactionSettings) -> tuple[Job, ...]:
    """The jobs, with the levels of escalation as in the settings."""

    async def notice(database: Database) -> int:
        return await notice_overdue(database, clock.now(), PORTION)

    async def escalate(database: Database) -> int:
        return await escalate_callbacks(database, clock.now(), thresholds, PORTION)

    return Job("callbacks.overdue", 5.0, notice), Job("callbacks.escalations", 15.0, escalate)
