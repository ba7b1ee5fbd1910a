"""What responses do when nobody asks: anonymous ones are opened once their campaign is over."""

from services.satisfaction.responses.service import OPENING, open_anonymous
from shared.database import Database
from shared.jobs import Job
from shared.sealing import Sealer


def make_jobs(sealer: Sealer) -> tuple[Job, ...]:
    """The job, with what seals the answers."""

    async def open_all(database: Database) -> int:
        return await open_anonymous(database, sealer)

    return (Job(OPENING, 60.0, open_all),)
