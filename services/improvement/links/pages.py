"""The forms of an improvement's links, on the record's page."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.routes import Author
from services.improvement.improvements.showing import take
from services.improvement.links import service
from services.improvement.links.schemas import LinkBody, RemovalBody
from shared import clock
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()


@pages.post("/improvements/{improvement_id}/links/add")
async def take_link(request: Request, improvement_id: UUID, caller: Author) -> Response:
    """Linked to something."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = LinkBody.model_validate(given(typed, "kind", "reference", "title", "url"))
        return await service.add_link(session, improvement_id, body, caller.subject, clock.now())

    return await take(request, improvement_id, caller, "links/add", typed, act)


@pages.post("/improvements/{improvement_id}/links/{link_id}/remove")
async def take_removal(request: Request, improvement_id: UUID, link_id: UUID, caller: Author) -> Response:
    """The link stands no more, and why."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        reason = RemovalBody.model_validate({"reason": typed.get("reason", "")}).reason
        return await service.remove_link(session, improvement_id, link_id, reason, caller.subject, clock.now())

    return await take(request, improvement_id, caller, f"links/{link_id}", typed, act)
