"""REST of tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.improvement.approvals.rules import RANKS
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import get_improvement
from services.improvement.settings import settings
from services.improvement.tasks import repository, rules, service
from services.improvement.tasks.models import Task
from services.improvement.tasks.schemas import EditedTask, NewTask, TaskDone, TaskDropped, TaskView
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("tasks")

Planner = Annotated[Principal, Depends(require(*rules.PLANNERS))]
Doer = Annotated[Principal, Depends(require(*rules.DOERS))]
Approver = Annotated[Principal, Depends(require(*RANKS))]

_TASKS = "/improvements/{improvement_id}/tasks"
_TASK = _TASKS + "/{task_id}"


def answer(found: tuple[Task, Improvement], response: Response) -> TaskView:
    """The task, and its version as ETag."""
    task, record = found
    response.headers["ETag"] = etag(task.version)
    return TaskView.of(task, record, settings().time_zone, clock.now())


@routes.get(_TASKS)
async def list_tasks(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 200, cursor: Cursor = None
) -> Page[TaskView]:
    """The tasks of a record, in the order of their numbers."""
    record = await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    tasks = [task for task in await repository.list_of(session, record.id) if task.number > after][: limit + 1]
    views = [TaskView.of(task, record, settings().time_zone, clock.now()) for task in tasks]
    return page(views, limit, lambda view: encode_cursor(view.number))


@routes.post(_TASKS, status_code=201)
async def add_task(
    improvement_id: UUID, body: NewTask, session: Writing, caller: Planner, response: Response
) -> TaskView:
    """Another step of the plan; once the plan has been submitted it waits for an approval of its own."""
    found = await service.add_task(session, improvement_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{improvement_id}/tasks/{found[0].id}"
    return answer(found, response)


@routes.get(_TASK)
async def get_task(
    improvement_id: UUID, task_id: UUID, session: Reading, _caller: Staff, response: Response
) -> TaskView:
    """One task."""
    record = await get_improvement(session, improvement_id)
    return answer((await service.get_task(session, improvement_id, task_id), record), response)


@routes.patch(_TASK)
async def edit_task(
    improvement_id: UUID,
    task_id: UUID,
    body: EditedTask,
    session: Writing,
    caller: Planner,
    response: Response,
    if_match: IfMatch = None,
) -> TaskView:
    """Whom it is with and when it is due; before the plan is submitted also what it is."""
    found = await service.edit_task(session, improvement_id, task_id, body, if_match, caller.subject, clock.now())
    return answer(found, response)


@routes.post(_TASK + "/start")
async def start_task(
    improvement_id: UUID,
    task_id: UUID,
    session: Writing,
    caller: Doer,
    response: Response,
    if_match: IfMatch = None,
) -> TaskView:
    """Somebody is at it. Needs an approved plan that change management has (R35)."""
    return answer(
        await service.start_task(session, improvement_id, task_id, if_match, caller.subject, clock.now()), response
    )


@routes.post(_TASK + "/complete")
async def complete_task(
    improvement_id: UUID,
    task_id: UUID,
    session: Writing,
    caller: Doer,
    response: Response,
    body: TaskDone | None = None,
    if_match: IfMatch = None,
) -> TaskView:
    """It is done. Whoever did it does not sign the effect."""
    done = body or TaskDone()
    found = await service.complete_task(session, improvement_id, task_id, done, if_match, caller.subject, clock.now())
    return answer(found, response)


@routes.post(_TASK + "/drop")
async def drop_task(
    improvement_id: UUID,
    task_id: UUID,
    body: TaskDropped,
    session: Writing,
    caller: Planner,
    response: Response,
    if_match: IfMatch = None,
) -> TaskView:
    """It is not done after all, and why."""
    found = await service.drop_task(session, improvement_id, task_id, body, if_match, caller.subject, clock.now())
    return answer(found, response)


@routes.post(_TASK + "/approve")
async def approve_task(
    improvement_id: UUID,
    task_id: UUID,
    session: Writing,
    caller: Approver,
    response: Response,
    if_match: IfMatch = None,
) -> TaskView:
    """Allow a task that was added after the plan was submitted. Not by whoever asked for it."""
    found = await service.approve_task(session, improvement_id, task_id, if_match, caller.subject, clock.now())
    return answer(found, response)
