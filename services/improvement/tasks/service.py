"""Use cases of tasks: adding, doing, dropping and approving them, and telling which are overdue (R20, R22, R128)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository as approvals
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import append, draft, lock_improvement, refresh_due, summarise, touch
from services.improvement.settings import settings
from services.improvement.tasks import repository, rules
from services.improvement.tasks.models import Task
from services.improvement.tasks.planning import change_task, make_task
from services.improvement.tasks.schemas import EditedTask, NewTask, TaskDone, TaskDropped
from shared import problems
from shared.events.envelope import Draft, current_origin
from shared.events.improvement import TaskOverdue
from shared.http import check_version
from shared.outbox import record_all

_ACTOR = "service:improvement"


class TaskNotFound(problems.NotFound):
    pass


async def get_task(session: AsyncSession, improvement_id: UUID, task_id: UUID) -> Task:
    """Raises `TaskNotFound`."""
    task = await repository.find(session, improvement_id, task_id)
    if task is None:
        raise TaskNotFound(f"improvement {improvement_id} has no task {task_id}")
    return task


async def add_task(
    session: AsyncSession, improvement_id: UUID, body: NewTask, actor: str, now: datetime
) -> tuple[Task, Improvement]:
    """Another step of the plan; once the plan has been submitted it waits for an approval of its own.

    Raises:
        ImprovementNotFound, IllegalTransition
    """
    record = await lock_improvement(session, improvement_id)
    rules.require_record("add", record.state, rules.PLANNING)
    number = await repository.find_last_number(session, record.id) + 1
    task = make_task(record, number, body, actor, now, awaits_approval=record.state != "draft")
    session.add(task)
    waits = " (waits for approval)" if task.awaits_approval else ""
    await _note(session, record, actor, now, "task_added", f"{number} {task.title}{waits}")
    return task, record


async def edit_task(
    session: AsyncSession,
    improvement_id: UUID,
    task_id: UUID,
    body: EditedTask,
    if_match: str | None,
    actor: str,
    now: datetime,
) -> tuple[Task, Improvement]:
    """Whom it is with and when it is due; before the plan is submitted also what it is.

    Raises:
        PreconditionRequired, LostUpdate, IllegalTransition, TaskIsApproved, Malformed
    """
    record, task = await _lock(session, improvement_id, task_id)
    check_version(if_match, task.version)
    rules.require_record("edit", record.state, (*rules.PLANNING, "verified"))
    rules.require_task("edit", task.number, task.state)
    given = body.model_dump(exclude_unset=True)
    changed = {name: value for name, value in given.items() if value != getattr(task, name)}
    rules.require_unfrozen(record.state, task.awaits_approval, changed)
    change_task(task, record, changed, now)
    if task.start and task.due and task.due < task.start:
        raise problems.Malformed("due lies before start")
    told = ", ".join(f"{name} {value or 'none'}" for name, value in sorted(changed.items())) or "nothing changed"
    await _note(session, record, actor, now, "task_edited", f"{task.number} {task.title}: {told}")
    return task, record


async def start_task(
    session: AsyncSession, improvement_id: UUID, task_id: UUID, if_match: str | None, actor: str, now: datetime
) -> tuple[Task, Improvement]:
    """Somebody is at it. Raises `IllegalTransition`, `LostUpdate`, `Missing`."""
    record, task = await _lock(session, improvement_id, task_id, if_match)
    rules.require_task("start", task.number, task.state)
    await _require_begun(session, record, task, "start")
    change_task(task, record, {"state": "in_progress"}, now)
    await _note(session, record, actor, now, "task_started", f"{task.number} {task.title}")
    return task, record


async def complete_task(
    session: AsyncSession,
    improvement_id: UUID,
    task_id: UUID,
    body: TaskDone,
    if_match: str | None,
    actor: str,
    now: datetime,
) -> tuple[Task, Improvement]:
    """It is done, and by whom. Raises `IllegalTransition`, `LostUpdate`, `Missing`."""
    record, task = await _lock(session, improvement_id, task_id, if_match)
    rules.require_task("complete", task.number, task.state)
    await _require_begun(session, record, task, "complete")
    doer = body.done_by or actor
    change_task(task, record, {"state": "done", "done_at": now, "done_by": doer}, now)
    comment = f": {body.comment}" if body.comment else ""
    await _note(session, record, actor, now, "task_done", f"{task.number} {task.title}, by {doer}{comment}")
    return task, record


async def drop_task(
    session: AsyncSession,
    improvement_id: UUID,
    task_id: UUID,
    body: TaskDropped,
    if_match: str | None,
    actor: str,
    now: datetime,
) -> tuple[Task, Improvement]:
    """It is not done after all, and why. Raises `IllegalTransition`, `LostUpdate`."""
    record, task = await _lock(session, improvement_id, task_id, if_match)
    rules.require_record("drop", record.state, (*rules.PLANNING, "verified"))
    rules.require_task("drop", task.number, task.state)
    change_task(task, record, {"state": "dropped"}, now)
    await _note(session, record, actor, now, "task_dropped", f"{task.number} {task.title}: {body.reason}")
    return task, record


async def approve_task(
    session: AsyncSession, improvement_id: UUID, task_id: UUID, if_match: str | None, actor: str, now: datetime
) -> tuple[Task, Improvement]:
    """Allow what was added after the plan was submitted (R18).

    Raises:
        IllegalTransition, LostUpdate, TaskNeedsNoApproval, ApproverAskedForTask
    """
    record, task = await _lock(session, improvement_id, task_id, if_match)
    rules.require_record("approve", record.state, (*rules.PLANNING, "verified"))
    rules.require_task("approve", task.number, task.state)
    rules.require_approver(actor, task.requested_by, task.awaits_approval)
    change_task(task, record, {"awaits_approval": False, "approved_by": actor}, now)
    await _note(session, record, actor, now, "task_approved", f"{task.number} {task.title}")
    return task, record


async def tell_overdue(session: AsyncSession, now: datetime, most: int) -> int:
    """R20: each task whose deadline has passed, once for each due date. How many there were."""
    claimed = await repository.claim_overdue(session, now, settings().time_zone, rules.LIVE, most)
    loaded = await repository.load(session, claimed)
    drafts: list[Draft] = []
    for row in claimed:
        task, record = loaded[row.id]
        task.overdue_told_at = now
        facts: Mapping[str, Any] = {
            "task_id": task.id,
            "task_number": task.number,
            "task_title": task.title,
            "phase": task.phase,
            "task_owner": task.owner,
            "due": task.due,
            "overdue_since": row.deadline,
        }
        drafts.append(draft(record, summarise(record, TaskOverdue, **facts), current_origin.get()))
        note = f"{task.number} {task.title}, due {task.due}, with {task.owner or 'nobody'}"
        await append(session, record, _ACTOR, now, "task_overdue", record.state, note)
    await record_all(session, drafts)
    return len(claimed)


async def _lock(
    session: AsyncSession, improvement_id: UUID, task_id: UUID, if_match: str | None = None
) -> tuple[Improvement, Task]:
    """The record, locked, and its task."""
    record = await lock_improvement(session, improvement_id)
    task = await get_task(session, record.id, task_id)
    if if_match is not None:
        check_version(if_match, task.version)
    return record, task


async def _require_begun(session: AsyncSession, record: Improvement, task: Task, action: rules.TaskAction) -> None:
    chain = await approvals.list_chain(session, record.id, record.revision)
    waits_for = next((step.role for step in chain if step.state == "open"), None)
    rules.require_begun(action, record.state, waits_for, task.awaits_approval)


async def _note(session: AsyncSession, record: Improvement, actor: str, now: datetime, action: str, note: str) -> None:
    """The record has changed with its task: version, history, and what is due next."""
    await session.flush()
    record.edited_at = now
    touch(record, now)
    await refresh_due(session, record)
    await append(session, record, actor, now, action, record.state, note)
