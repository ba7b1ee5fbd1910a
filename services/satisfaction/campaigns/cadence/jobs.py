"""What watches that the company's customers are surveyed every year (R83)."""

from services.satisfaction.campaigns.cadence.service import watch
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

_DAY_SECONDS = 86_400.0


def make_jobs(thresholds: SatisfactionSettings) -> tuple[Job, ...]:
    """The job, with these settings."""

    async def notice(database: Database) -> int:
        return await watch(database, thresholds.company_survey_every_days, clock.now())

    return (Job("surveys.cadence", _DAY_SECONDS, notice),)
