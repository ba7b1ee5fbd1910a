"""What is done about complaints when nobody does anything: deadlines that come near or pass, retention that is over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.escalations import escalate_by_itself
from services.satisfaction.complaints.service import ITSELF, Work, step
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database
from shared.events.complaints import ComplaintOverdue


async def notice_overdue(database: Database, now: datetime, settings: SatisfactionSettings, most: int) -> int:
    """R193, R199: tell of up to `most` deadlines that have passed, each once; returns how many."""
    async with database.transaction() as session:
        late = await repository.lock_overdue(session, now, most)
        marked = await repository.mark_noticed(session, [deadline.id for deadline in late], now) if late else set()
        work = Work(session, ITSELF, now, settings)
        for deadline in late:
            if deadline.id not in marked:
                continue
            row = await repository.find(session, deadline.complaint_id)
            assert row is not None, "its lock is held"
            await _tell_overdue(work, row, deadline)
    return len(late)


async def escalate_late(database: Database, now: datetime, settings: SatisfactionSettings, most: int) -> int:
    """R60: what is important is told to those above before its deadlines pass, and again after; returns how many."""
    levels = settings.complaint_escalations
    if not levels:
        return 0
    async with database.transaction() as session:
        late = await repository.lock_escalating(session, [hours for hours, _ in levels], now, most)
        work = Work(session, ITSELF, now, settings)
        for deadline in late:
            if not await repository.raise_level(session, deadline):
                continue
            row = await repository.find(session, deadline.complaint_id)
            assert row is not None, "its lock is held"
            await escalate_by_itself(
                work,
                row,
                "deadline",
                rules.tell_deadline(deadline.kind, deadline.due_at, now),
                told_to=levels[deadline.escalation_level][1],
                level=deadline.escalation_level + 1,
                detail={"deadline": deadline.kind, "due_at": deadline.due_at.isoformat()},
            )
    return len(late)


async def _tell_overdue(work: Work, row: Row[Any], deadline: Row[Any]) -> None:
    await step(
        work,
        row,
        "overdue",
        {},
        detail={"deadline": deadline.kind, "due_at": deadline.due_at.isoformat()},
        tell=lambda new: ComplaintOverdue(
            **work.describe(new),
            deadline=deadline.kind,
            deadline_at=deadline.due_at,
            noticed_at=work.now,
        ),
    )


async def delete_expired(database: Database, now: datetime, most: int) -> int:
    """R196: what its retention is over for goes; returns how many."""
    async with database.transaction() as session:
        return await repository.delete_expired(session, now, most)
