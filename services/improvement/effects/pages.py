"""The form of an independent check, on the record's page."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.effects import inspections
from services.improvement.effects.routes import Inspector
from services.improvement.effects.schemas import NewInspection
from services.improvement.improvements.showing import take
from shared import clock
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()


@pages.post("/improvements/{improvement_id}/inspections/add")
async def take_inspection(request: Request, improvement_id: UUID, caller: Inspector) -> Response:
    """Whether it is carried out as approved, and what was seen (R48)."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = NewInspection.model_validate(given(typed, "conforms", "finding", "evidence"))
        return await inspections.inspect_improvement(session, improvement_id, caller, body, clock.now())

    return await take(request, improvement_id, caller, "inspections/add", typed, act)
