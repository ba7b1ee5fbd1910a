"""REST of survey triggers (R121)."""

from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import Row

from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.triggers import repository, service
from services.satisfaction.campaigns.triggers.schemas import NewTrigger, TriggerView, view_of
from shared import clock
from shared.auth import Staff
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("survey-triggers")


@routes.get("/survey-triggers")
async def list_triggers(
    session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[TriggerView]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_page(session, before, limit + 1)
    return page([view_of(row) for row in rows], limit, lambda one: encode_cursor(str(one.id)))


@routes.post("/survey-triggers", status_code=201)
async def create_trigger(body: NewTrigger, session: Writing, caller: Conductor, response: Response) -> TriggerView:
    """R121: from now on a survey opens by itself after a change is carried out, or a project is completed."""
    row = await service.create_trigger(session, body, caller, clock.now())
    response.headers["Location"] = f"/satisfaction/v1/survey-triggers/{row.id}"
    return _answer(row, response)


@routes.get("/survey-triggers/{trigger_id}")
async def get_trigger(trigger_id: UUID, session: Reading, _caller: Staff, response: Response) -> TriggerView:
    """One trigger, and how often it was followed."""
    return _answer(await service.get_trigger(session, trigger_id), response)


@routes.put("/survey-triggers/{trigger_id}")
async def put_trigger(
    trigger_id: UUID,
    body: NewTrigger,
    session: Writing,
    caller: Conductor,
    response: Response,
    if_match: IfMatch = None,
) -> TriggerView:
    """Change it for what comes, or pause it."""
    return _answer(await service.put_trigger(session, trigger_id, body, caller, clock.now(), if_match), response)


def _answer(row: Row[Any], response: Response) -> TriggerView:
    response.headers["ETag"] = etag(row.version)
    return view_of(row)
