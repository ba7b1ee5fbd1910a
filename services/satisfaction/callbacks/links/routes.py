"""REST of the customers' links: made for a callback, handed out by whoever asked."""

from uuid import UUID

from fastapi import Request, Response

from services.satisfaction.callbacks.links import service
from services.satisfaction.callbacks.links.schemas import CallbackLink
from services.satisfaction.callbacks.routes import Recorder
from services.satisfaction.callbacks.service import lock_callback
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.http import Writing, router

routes = router("callbacks")


@routes.post("/callbacks/{callback_id}/link", status_code=201)
async def issue_callback_link(
    callback_id: UUID, session: Writing, caller: Recorder, thresholds: Thresholds, request: Request, response: Response
) -> CallbackLink:
    """A personal link by which the customer answers once, without signing in; the one before it works no more."""
    row = await lock_callback(session, callback_id)
    link, token = await service.issue_link(session, row, caller, clock.now(), thresholds)
    url = service.write_url(thresholds.public_url or str(request.base_url), token)
    response.headers["Location"] = f"/satisfaction/v1/callbacks/{callback_id}"
    return CallbackLink(callback_id=callback_id, url=url, issued_at=link.issued_at, expires_at=link.expires_at)
