"""REST of incidents that are to be reopened at their source."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.reopens import repository, service
from services.metrics.reopens.rules import State
from services.metrics.reopens.schemas import ReopenAttemptView, ReopenDetail, ReopenView
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.fields import Key
from shared.http import Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("reopens")
RETRIERS = (Role.OPERATIONS_MANAGER, Role.SERVICE_DESK, Role.PROCESS_OWNER, Role.ADMINISTRATOR)
Retrier = Annotated[Principal, Depends(require(*RETRIERS))]


async def _answer(session: AsyncSession, row: Row[Any], response: Response) -> ReopenDetail:
    response.headers["ETag"] = etag(row.version)
    attempts = [ReopenAttemptView.model_validate(a) for a in await repository.list_attempts(session, row.id)]
    return ReopenDetail(**ReopenView.model_validate(row).model_dump(), attempt_log=attempts)


@routes.get("/reopens")
async def list_reopens(
    session: Reading,
    _caller: Staff,
    state: Annotated[State | None, Query()] = None,
    source: Annotated[Key | None, Query(description="The connection that the incident came by.")] = None,
    ticket_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ReopenView]:
    """Disputed resolutions and whether their incidents are open again (R81), newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state, "source": source, "ticket_id": ticket_id}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_newest(session, given, before, limit + 1)
    items = [ReopenView.model_validate(row) for row in rows]
    return page(items, limit, lambda item: encode_cursor(str(item.id)))


@routes.get("/reopens/{reopen_id}")
async def get_reopen(reopen_id: UUID, session: Reading, _caller: Staff, response: Response) -> ReopenDetail:
    """One of them with every attempt."""
    return await _answer(session, await service.get_reopen(session, reopen_id), response)


@routes.post("/reopens/{reopen_id}/retry")
async def retry(reopen_id: UUID, session: Writing, _caller: Retrier, response: Response) -> ReopenDetail:
    """Try again what failed, or what could not be tried because reopening was not configured."""
    return await _answer(session, await service.retry(session, reopen_id, clock.now()), response)
