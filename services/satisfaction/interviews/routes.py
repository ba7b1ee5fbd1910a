"""REST of interviews."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.satisfaction.interviews import repository, service
from services.satisfaction.interviews.schemas import Interview, InterviewBody
from shared import clock
from shared.auth import Staff
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("interviews")

Word = Annotated[str | None, Query(min_length=1, max_length=200)]


@routes.post("/interviews", status_code=201)
async def record_interview(body: InterviewBody, session: Writing, caller: Staff, response: Response) -> Interview:
    """An interview with a customer: notes by topic."""
    row = await service.write(session, body, caller.subject, clock.now())
    response.headers["Location"] = f"/satisfaction/v1/interviews/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return service.show(row)


@routes.get("/interviews")
async def list_interviews(
    session: Reading,
    _caller: Staff,
    customer: Word = None,
    interviewer: Word = None,
    service_key: Annotated[str | None, Query(alias="service", min_length=1, max_length=200)] = None,
    topic: Word = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Interview]:
    """The latest held first."""
    asked = {"customer": customer, "interviewer": interviewer, "service": service_key}
    filters = {name: value for name, value in asked.items() if value is not None}
    before = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await repository.list_newest(session, filters, topic, before, limit + 1)
    shown = [service.show(row) for row in rows]
    return page(shown, limit, lambda last: encode_cursor(last.held_at.isoformat(), str(last.id)))


@routes.get("/interviews/{interview_id}")
async def get_interview(interview_id: UUID, session: Reading, _caller: Staff, response: Response) -> Interview:
    """One interview."""
    row = await service.get(session, interview_id)
    response.headers["ETag"] = etag(row.version)
    return service.show(row)


@routes.put("/interviews/{interview_id}")
async def rewrite_interview(
    interview_id: UUID,
    body: InterviewBody,
    session: Writing,
    caller: Staff,
    response: Response,
    if_match: IfMatch = None,
) -> Interview:
    """The whole of it anew."""
    row = await service.get(session, interview_id, lock=True)
    check_version(if_match, row.version)
    row = await service.write(session, body, caller.subject, clock.now(), row)
    response.headers["ETag"] = etag(row.version)
    return service.show(row)
