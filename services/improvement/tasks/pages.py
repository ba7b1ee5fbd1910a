"""The forms of an improvement's tasks, on the record's page."""

from collections.abc import Awaitable, Callable
from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.showing import take
from services.improvement.tasks import service
from services.improvement.tasks.routes import Approver, Doer, Planner
from services.improvement.tasks.schemas import EditedTask, NewTask, TaskDone, TaskDropped
from shared import clock
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()

_TASK = "/improvements/{improvement_id}/tasks/{task_id}"


@pages.post("/improvements/{improvement_id}/tasks/add")
async def take_new(request: Request, improvement_id: UUID, caller: Planner) -> Response:
    """Another task."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = NewTask.model_validate(given(typed, "title", "phase", "description", "owner", "start", "due"))
        return await service.add_task(session, improvement_id, body, caller.subject, clock.now())

    return await take(request, improvement_id, caller, "tasks/add", typed, act)


@pages.post(_TASK + "/edit")
async def take_edit(request: Request, improvement_id: UUID, task_id: UUID, caller: Planner) -> Response:
    """Whom it is with, from when and until when; a field left empty empties the task's."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = EditedTask.model_validate(
            {name: typed[name].strip() or None for name in ("owner", "start", "due") if name in typed}
        )
        return await service.edit_task(
            session, improvement_id, task_id, body, typed.get("version"), caller.subject, clock.now()
        )

    return await take(request, improvement_id, caller, f"tasks/{task_id}", typed, act)


@pages.post(_TASK + "/approve")
async def take_approval(request: Request, improvement_id: UUID, task_id: UUID, caller: Approver) -> Response:
    """A task that was added later is allowed."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        seen = typed.get("version")
        return await service.approve_task(session, improvement_id, task_id, seen, caller.subject, clock.now())

    return await take(request, improvement_id, caller, f"tasks/{task_id}", typed, act)


@pages.post(_TASK + "/{step}")
async def take_step(
    request: Request, improvement_id: UUID, task_id: UUID, step: Literal["start", "complete", "drop"], caller: Doer
) -> Response:
    """Begun, done, or not done after all."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        return await _STEPS[step](
            session, improvement_id, task_id, typed, typed.get("version"), caller.subject, clock.now()
        )

    return await take(request, improvement_id, caller, f"tasks/{task_id}", typed, act)


_STEPS: dict[str, Callable[..., Awaitable[object]]] = {
    "start": lambda session, id_, task_id, _, seen, actor, now: service.start_task(
        session, id_, task_id, seen, actor, now
    ),
    "complete": lambda session, id_, task_id, typed, seen, actor, now: service.complete_task(
        session, id_, task_id, TaskDone.model_validate(given(typed, "done_by", "comment")), seen, actor, now
    ),
    "drop": lambda session, id_, task_id, typed, seen, actor, now: service.drop_task(
        session, id_, task_id, TaskDropped.model_validate({"reason": typed.get("reason", "")}), seen, actor, now
    ),
}
