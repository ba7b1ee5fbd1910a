"""REST of who calls customers: the names by which the ticketing systems know them (R81)."""

from typing import Annotated

from fastapi import Depends, Path, Response

from services.satisfaction.callbacks.callers import repository, service
from services.satisfaction.callbacks.callers.schemas import CallbackCaller, CallerBody
from shared import clock
from shared.auth import STAFF, Principal, Role, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("callbacks")

Reader = Annotated[Principal, Depends(require(*STAFF))]
Keeper = Annotated[Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.ADMINISTRATOR))]
Subject = Annotated[str, Path(min_length=1, max_length=200, description="As in the token.")]


@routes.get("/callback-callers")
async def list_callback_callers(
    session: Reading, _caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[CallbackCaller]:
    """By subject: those who have further names."""
    after = decode_cursor(cursor, str)[0] if cursor else None
    rows = await repository.list_callers(session, after, limit + 1)
    shown = [CallbackCaller.model_validate(row._mapping) for row in rows]
    return page(shown, limit, lambda last: encode_cursor(last.subject))


@routes.get("/callback-callers/{subject:path}")
async def get_callback_caller(
    subject: Subject, session: Reading, _caller: Reader, response: Response
) -> CallbackCaller:
    """One person's further names."""
    row = await service.get_caller(session, subject)
    response.headers["ETag"] = etag(row.version)
    return CallbackCaller.model_validate(row._mapping)


@routes.put("/callback-callers/{subject:path}")
async def set_callback_caller(
    subject: Subject, body: CallerBody, session: Writing, caller: Keeper, response: Response, if_match: IfMatch = None
) -> CallbackCaller:
    """Say by which names the ticketing systems know somebody, so that nobody asks about their own work. What is said
    later needs `If-Match`."""
    row = await service.set_caller(session, subject, body, caller.subject, clock.now(), if_match)
    response.headers["ETag"] = etag(row.version)
    return CallbackCaller.model_validate(row._mapping)
