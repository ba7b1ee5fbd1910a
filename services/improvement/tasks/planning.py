"""The plan's tasks as one document: what `tasks` of a record's body replaces."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.models import Improvement
from services.improvement.tasks import repository
from services.improvement.tasks.models import Task
from services.improvement.tasks.schemas import NewTask
from shared.ids import new_id

_PLANNED = ("phase", "description", "owner", "start", "due")


async def replace_tasks(
    session: AsyncSession, record: Improvement, wanted: Sequence[NewTask], actor: str, now: datetime
) -> bool:
    """Make these the plan's tasks; False when they are already.

    A task keeps its number and what was done of it as long as its title stays. What is no longer wanted is removed
    while nobody has begun it, dropped while it is being done, and stays when it is done.
    """
    left = list(await repository.list_of(session, record.id))
    number = max((task.number for task in left), default=0)
    changed = False
    for body in wanted:
        kept = next((task for task in left if task.title == body.title), None)
        if kept is None:
            number += 1
            session.add(make_task(record, number, body, actor, now))
            changed = True
            continue
        left.remove(kept)
        given = {name: getattr(body, name) for name in _PLANNED if name in body.model_fields_set}
        if any(getattr(kept, name) != value for name, value in given.items()):
            change_task(kept, record, given, now)
            changed = True
    for task in left:
        if task.state == "planned":
            await session.delete(task)
            changed = True
        elif task.state == "in_progress":
            change_task(task, record, {"state": "dropped"}, now)
            changed = True
    await session.flush()
    return changed


def make_task(
    record: Improvement, number: int, body: NewTask, actor: str, now: datetime, *, awaits_approval: bool = False
) -> Task:
    """A planned task that is not saved yet."""
    return Task(
        id=new_id(),
        improvement_id=record.id,
        number=number,
        version=1,
        state="planned",
        awaits_approval=awaits_approval,
        requested_by=actor,
        held_before=record.held_seconds,
        created_at=now,
        updated_at=now,
        **body.model_dump(),
    )


def change_task(task: Task, record: Improvement, changes: Mapping[str, object], now: datetime) -> None:
    """Another version of the task; another due date is told again when it passes."""
    if "due" in changes and changes["due"] != task.due:
        task.overdue_told_at, task.held_before = None, record.held_seconds
    for name, value in changes.items():
        setattr(task, name, value)
    task.version += 1
    task.updated_at = now
