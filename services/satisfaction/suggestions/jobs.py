"""What suggestions do when nobody asks: notice those that nobody answered in time."""

from services.satisfaction.settings import SatisfactionSettings
from services.satisfaction.suggestions import service
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 200


def make_jobs(thresholds: SatisfactionSettings) -> tuple[Job, ...]:
    """The jobs, with these settings."""

    async def notice(database: Database) -> int:
        return await service.notice_overdue(database, clock.now(), thresholds, PORTION)

    return (Job("suggestions.overdue", 30.0, notice),)
