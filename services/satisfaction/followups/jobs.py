"""What follow-ups do when nobody asks: notice those that nobody did in time."""

from services.satisfaction.followups import service
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 200


def make_jobs(thresholds: SatisfactionSettings) -> tuple[Job, ...]:
    """The jobs, with these settings."""

    async def notice(database: Database) -> int:
        return await service.notice_overdue(database, clock.now(), thresholds, PORTION)

    return (Job("follow_ups.overdue", 60.0, notice),)
