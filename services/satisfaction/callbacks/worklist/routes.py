"""REST of the worklist: who is due next, claim and release."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response

from services.satisfaction.callbacks.routes import Reader, Recorder, read_cursor, show
from services.satisfaction.callbacks.schemas import Callback
from services.satisfaction.callbacks.service import lock_callback
from services.satisfaction.callbacks.worklist import service
from services.satisfaction.callbacks.worklist.schemas import NewClaim
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Role
from shared.http import Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, encode_cursor, page

routes = router("callbacks")

View = Annotated[
    Literal["callable", "quiet", "agreed", "held", "history"],
    Query(
        description="Who may be called now, is in quiet hours, agreed on a later time, is being called; or what was "
        "heard of too late to call."
    ),
]


@routes.get("/callbacks/worklist")
async def get_worklist(
    session: Reading,
    caller: Reader,
    thresholds: Thresholds,
    view: View = "callable",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Callback]:
    """What is due next comes first; of agreed times the next one."""
    now = clock.now()
    looking = await service.look(session, caller, now, thresholds)
    rows = await service.VIEWS[view](session, looking, read_cursor(cursor), limit + 1)
    items = [Callback.of(row, now, thresholds) for row in rows]

    def write_cursor(last: Callback) -> str:
        at = last.next_attempt_at if view == "agreed" and last.next_attempt_at else last.due_at
        return encode_cursor(at.isoformat(), str(last.id))

    return page(items, limit, write_cursor)


@routes.post("/callbacks/claim-next")
async def claim_next_callback(
    session: Writing, caller: Recorder, thresholds: Thresholds, response: Response
) -> Callback:
    """Hold whoever is to be called next, so that nobody else calls them meanwhile."""
    now = clock.now()
    row = await service.claim_next(session, caller, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return await show(session, row.id, now, thresholds)


@routes.post("/callbacks/{callback_id}/claim")
async def claim_callback(
    callback_id: UUID,
    session: Writing,
    caller: Recorder,
    thresholds: Thresholds,
    response: Response,
    new: NewClaim | None = None,
) -> Callback:
    """Hold this callback's customer for a while; again, and it is held longer. A claim that ends by itself, by
    `release`, or with the call, changes nothing in the callback."""
    now = clock.now()
    row = await lock_callback(session, callback_id)
    despite = new is not None and new.despite_quiet_hours
    await service.claim_callback(session, row, caller, now, thresholds, despite)
    response.headers["ETag"] = etag(row.version)
    return await show(session, callback_id, now, thresholds)


@routes.post("/callbacks/{callback_id}/release")
async def release_callback(
    callback_id: UUID, session: Writing, caller: Recorder, thresholds: Thresholds, response: Response
) -> Callback:
    """Let go of this callback's customer. A manager may do so for whoever holds it."""
    now = clock.now()
    row = await lock_callback(session, callback_id)
    await service.release_callback(session, row, caller, now, thresholds, may_release_anybodys(caller.roles))
    response.headers["ETag"] = etag(row.version)
    return await show(session, callback_id, now, thresholds)


def may_release_anybodys(roles: frozenset[Role]) -> bool:
    """Agents give back what is theirs; a manager takes a customer out of anybody's hands."""
    return not roles.isdisjoint((Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER))
