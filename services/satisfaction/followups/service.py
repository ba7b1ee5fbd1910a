"""Use cases of follow-ups of completed projects (R88)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.followups import repository, rules
from services.satisfaction.followups.schemas import (
    FollowUp,
    FollowUpAnswers,
    FollowUpFigure,
    FollowUpFigures,
    QuestionAnswer,
)
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database
from shared.events.catalogue import ProjectCompleted
from shared.events.envelope import Event
from shared.events.follow_ups import FollowUpAnswer, FollowUpCompleted, FollowUpOverdue
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Malformed, NotFound

_TOLD = (
    "project", "name", "customer", "customer_name", "manager", "department", "completed_on", "due_at",
)  # fmt: skip


class FollowUpNotFound(NotFound):
    pass


async def schedule(
    session: AsyncSession, events: Sequence[Event[ProjectCompleted]], now: datetime, settings: SatisfactionSettings
) -> None:
    """R88: one follow-up for each completion, however often it is told."""
    rows = {}
    for event in events:
        fact = event.data
        calendar = settings.calendar_at(now)
        rows[fact.key, fact.completed_on] = {
            "id": new_id(),
            "version": 1,
            "project": fact.key,
            "project_version": fact.version,
            "name": fact.name,
            "customer": fact.customer,
            "customer_name": fact.customer_name,
            "manager": fact.manager,
            "department": fact.department,
            "completed_on": fact.completed_on,
            "due_at": rules.compute_due_at(calendar, fact.completed_on, now, settings.follow_up_within),
            "state": "due",
            "updated_at": now,
        }
    if rows:
        await repository.add_new(session, list(rows.values()))


async def get(session: AsyncSession, follow_up_id: UUID, lock: bool = False) -> Row[Any]:
    """Raises `FollowUpNotFound`."""
    row = await repository.find(session, follow_up_id, lock)
    if row is None:
        raise FollowUpNotFound(f"no follow-up {follow_up_id}")
    return row


async def note_answers(
    session: AsyncSession, row: Row[Any], body: FollowUpAnswers, by: str, now: datetime, settings: SatisfactionSettings
) -> Row[Any]:
    """What the customer says of the project; the department's manager is told (R88).

    Raises:
        AskerManagedIt, NotAfterCompletion, IllegalTransition
    """
    rules.check_asking("record the answers", row.state, by, row.manager)
    done_at = body.done_at or now
    rules.check_time(done_at, row.completed_on, now, settings.time_zone)
    values = {
        "state": "done",
        "score": body.score,
        "answers": [answer.model_dump() for answer in body.answers],
        "comment": body.comment,
        "done_at": done_at,
        "done_by": by,
    }
    return await _complete(session, row, values, now, settings)


async def give_up(
    session: AsyncSession, row: Row[Any], reason: str, by: str, now: datetime, settings: SatisfactionSettings
) -> Row[Any]:
    """Nobody could be reached: it stays in the denominator. Raises `AskerManagedIt`, `IllegalTransition`."""
    rules.check_asking("give up", row.state, by, row.manager)
    values = {"state": "unreachable", "comment": reason, "done_at": now, "done_by": by}
    return await _complete(session, row, values, now, settings)


async def _complete(
    session: AsyncSession, row: Row[Any], values: dict[str, Any], now: datetime, settings: SatisfactionSettings
) -> Row[Any]:
    new = await _save(session, row, values, now)
    fact = FollowUpCompleted(
        **_describe(new, settings),
        outcome="answered" if new.state == "done" else "unreachable",
        score=new.score,
        comment=new.comment,
        answers=tuple(FollowUpAnswer.model_validate(one) for one in new.answers or ()),
        completed_by=new.done_by,
        completed_at=new.done_at,
        on_time=new.done_at <= new.due_at,
    )
    await record(session, fact, subject=row.id, sequence=new.version, correlation_id=row.id)
    return new


async def notice_overdue(database: Database, now: datetime, settings: SatisfactionSettings, most: int) -> int:
    """Tell of up to `most` follow-ups that nobody did in time, each once; returns how many."""
    async with database.transaction() as session:
        late = await repository.lock_overdue(session, now, most)
        for row in late:
            new = await _save(session, row, {"noticed_at": now}, now)
            fact = FollowUpOverdue(**_describe(new, settings), noticed_at=now)
            await record(session, fact, subject=row.id, sequence=new.version, correlation_id=row.id)
    return len(late)


async def _save(session: AsyncSession, row: Row[Any], values: dict[str, Any], now: datetime) -> Row[Any]:
    return await repository.save(session, row.id, {**values, "version": row.version + 1, "updated_at": now})


def _describe(row: Row[Any], settings: SatisfactionSettings) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _TOLD}
    url = f"{settings.public_url.rstrip('/')}/satisfaction/follow-ups/{row.id}" if settings.public_url else None
    return {**told, "follow_up_id": row.id, "url": url}


async def measure(session: AsyncSession, begin: date, end: date, now: datetime) -> FollowUpFigures:
    """The report to department managers. Raises `Malformed`: the period ends before it begins."""
    if end < begin:
        raise Malformed("to: the period ends before it begins; give from and to the other way round")
    total, *rest = [_show_figure(row) for row in await repository.measure(session, begin, end, now)]
    return FollowUpFigures(period_from=begin, period_to=end, total=total, of=rest)


def _show_figure(row: Row[Any]) -> FollowUpFigure:
    counted = {name: value for name, value in row._mapping.items() if name != "is_total"}
    judged = row.done + row.unreachable + row.overdue
    return FollowUpFigure(
        **counted,
        satisfied_share=row.satisfied / row.done if row.done else None,
        coverage=row.done / judged if judged else None,
    )


def show(row: Row[Any], now: datetime) -> FollowUp:
    own = {name: getattr(row, name) for name in FollowUp.model_fields if name not in ("overdue", "answers")}
    answers = None if row.answers is None else [QuestionAnswer.model_validate(one) for one in row.answers]
    return FollowUp(**own, answers=answers, overdue=rules.is_overdue(row.state, row.due_at, now))
