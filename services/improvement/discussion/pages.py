"""The forms of the discussion, on the record's page."""

from uuid import UUID

from fastapi import Request, Response
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.discussion import service
from services.improvement.discussion.schemas import EntryBody, RetractionBody
from services.improvement.improvements.showing import take
from shared import clock
from shared.auth import Staff
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()

_FIELDS = {
    "comment": ("body", "visible_to_customer"),
    "progress": ("body", "percent", "next_step"),
    "decision": ("body",),
}
_BODY: TypeAdapter[EntryBody] = TypeAdapter(EntryBody)


@pages.post("/improvements/{improvement_id}/discussion/add")
async def take_entry(request: Request, improvement_id: UUID, caller: Staff) -> Response:
    """A comment, a report of progress, or a decision, whose deciders are parted by commas."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        kind = typed.get("kind", "")
        said: dict[str, object] = {"kind": kind, **given(typed, *_FIELDS.get(kind, ()))}
        if kind == "decision":
            said["decided_by"] = [name.strip() for name in typed.get("decided_by", "").split(",") if name.strip()]
        return await service.write_entry(session, improvement_id, _BODY.validate_python(said), caller, clock.now())

    return await take(request, improvement_id, caller, "discussion/add", typed, act)


@pages.post("/improvements/{improvement_id}/discussion/{entry_id}/retract")
async def take_retraction(request: Request, improvement_id: UUID, entry_id: UUID, caller: Staff) -> Response:
    """Take back what one said, with a reason."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        reason = RetractionBody.model_validate({"reason": typed.get("reason", "")}).reason
        return await service.retract_entry(session, improvement_id, entry_id, reason, caller, clock.now())

    return await take(request, improvement_id, caller, f"discussion/{entry_id}", typed, act)
