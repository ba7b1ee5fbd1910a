"""What complaints do when nobody asks: notice and escalate deadlines, bring back what nobody accepted, forget after
retention."""

from services.satisfaction.complaints import ownership, watching
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 200


def make_jobs(thresholds: SatisfactionSettings) -> tuple[Job, ...]:
    """The jobs, with these settings."""

    async def notice(database: Database) -> int:
        return await watching.notice_overdue(database, clock.now(), thresholds, PORTION)

    async def escalate(database: Database) -> int:
        return await watching.escalate_late(database, clock.now(), thresholds, PORTION)

    async def bring_back(database: Database) -> int:
        return await ownership.return_offers(database, clock.now(), thresholds, PORTION)

    async def forget(database: Database) -> int:
        return await watching.delete_expired(database, clock.now(), PORTION)

    return (
        Job("complaints.overdue", 10.0, notice),
        Job("complaints.escalation", 10.0, escalate),
        Job("complaints.offers", 15.0, bring_back),
        Job("complaints.retention", 3600.0, forget),
    )
