"""The form by which an approver hands the open step to somebody else, on the record's page."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import service
from services.improvement.approvals.schemas import Delegation
from services.improvement.improvements.showing import take
from shared import clock
from shared.auth import Staff
from shared.pages import page_router
from shared.pages.forms import read_form

pages = page_router()


@pages.post("/improvements/{improvement_id}/approvals/delegate")
async def take_delegation(request: Request, improvement_id: UUID, caller: Staff) -> Response:
    """Who decides the open step instead, and why."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = Delegation.model_validate({name: typed.get(name, "") for name in ("to", "reason")})
        return await service.delegate_step(session, improvement_id, typed.get("version"), caller, body, clock.now())

    return await take(request, improvement_id, caller, "approvals/delegate", typed, act)
