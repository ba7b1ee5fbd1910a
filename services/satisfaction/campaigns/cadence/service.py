"""Use cases of the cadence: notice that the company's survey is overdue, and say when it is due (R83)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.cadence import repository, rules
from services.satisfaction.campaigns.schemas import format_number
from shared.database import Database
from shared.events.surveys import SurveyOverdue
from shared.outbox import record

LEVEL = "company"


async def watch(database: Database, every_days: int, now: datetime) -> int:
    """Tell that no company survey was launched for so long; returns how often. Asked for the first time it begins to
    count."""
    if every_days == 0:
        return 0
    async with database.transaction() as session:
        await repository.begin(session, LEVEL, now)
        watched = await repository.hold(session, LEVEL)
        if watched is None:
            return 0
        last = await repository.find_last(session, LEVEL)
        due_at = rules.find_due(watched.since, last.launched_at if last else None, every_days)
        if not rules.is_to_tell(due_at, watched.told_at, now, every_days):
            return 0
        fact = SurveyOverdue(
            every_days=every_days,
            due_at=due_at,
            last_campaign_id=last.id if last else None,
            last_number=format_number(last.number) if last else None,
            last_launched_at=last.launched_at if last else None,
            noticed_at=now,
        )
        sequence = await repository.note_told(session, LEVEL, now)
        await record(session, fact, subject=LEVEL, sequence=sequence)
        return 1


async def find_overdue_since(session: AsyncSession, every_days: int, now: datetime) -> datetime | None:
    """Since when a company survey should have been launched; None where all is well."""
    watched = await repository.find(session, LEVEL)
    if watched is None or every_days == 0:
        return None
    last = await repository.find_last(session, LEVEL)
    due_at = rules.find_due(watched.since, last.launched_at if last else None, every_days)
    return due_at if due_at <= now else None
