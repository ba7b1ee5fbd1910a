"""What the results do when nobody asks: notice those that nobody answered."""

from services.satisfaction.results.service import notice_overdue
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database
from shared.jobs import Job

PORTION = 500


def make_jobs(settings: SatisfactionSettings) -> tuple[Job, ...]:
    """The job, with the installation's zone."""

    async def notice(database: Database) -> int:
        async with database.transaction() as session:
            return await notice_overdue(session, settings, PORTION)

    return (Job("survey_results.overdue", 60.0, notice),)
