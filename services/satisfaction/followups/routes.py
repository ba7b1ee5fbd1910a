"""REST of follow-ups of completed projects (R88)."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.satisfaction.followups import repository, service
from services.satisfaction.followups.schemas import FollowUp, FollowUpAnswers, FollowUpFigures, State, Unreached
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("follow-ups")

Asker = Annotated[Principal, Depends(require(Role.SERVICE_DESK, Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER))]
Word = Annotated[str | None, Query(min_length=1, max_length=200)]
DAYS = 90


@routes.get("/follow-ups")
async def list_follow_ups(
    session: Reading,
    _caller: Staff,
    state: State | None = None,
    project: Word = None,
    customer: Word = None,
    department: Word = None,
    manager: Word = None,
    overdue: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[FollowUp]:
    """What is due next comes first."""
    asked = {"state": state, "project": project, "customer": customer, "department": department, "manager": manager}
    filters = {name: value for name, value in asked.items() if value is not None}
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    now = clock.now()
    rows = await repository.list_due(session, filters, overdue, now, after, limit + 1)
    shown = [service.show(row, now) for row in rows]
    return page(shown, limit, lambda last: encode_cursor(last.due_at.isoformat(), str(last.id)))


@routes.get("/follow-ups/figures")
async def get_figures(
    session: Reading,
    _caller: Staff,
    period_from: Annotated[date | None, Query(alias="from", description="90 days ago when missing.")] = None,
    period_to: Annotated[date | None, Query(alias="to", description="Tomorrow when missing.")] = None,
) -> FollowUpFigures:
    """The satisfaction report to department managers: projects completed in [from, to)."""
    now = clock.now()
    end = period_to or now.date() + timedelta(days=1)
    begin = period_from or max(end, date(1990, 1, 1)) - timedelta(days=DAYS)
    return await service.measure(session, begin, end, now)


@routes.get("/follow-ups/{follow_up_id}")
async def get_follow_up(follow_up_id: UUID, session: Reading, _caller: Staff, response: Response) -> FollowUp:
    """One follow-up."""
    row = await service.get(session, follow_up_id)
    response.headers["ETag"] = etag(row.version)
    return service.show(row, clock.now())


@routes.post("/follow-ups/{follow_up_id}/answers")
async def note_answers(
    follow_up_id: UUID,
    body: FollowUpAnswers,
    session: Writing,
    caller: Asker,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> FollowUp:
    """What the customer says of the project; not noted by whoever managed it."""
    row = await service.get(session, follow_up_id, lock=True)
    if if_match is not None:
        check_version(if_match, row.version)
    now = clock.now()
    row = await service.note_answers(session, row, body, caller.subject, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return service.show(row, now)


@routes.post("/follow-ups/{follow_up_id}/unreachable")
async def give_up(
    follow_up_id: UUID,
    body: Unreached,
    session: Writing,
    caller: Asker,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> FollowUp:
    """Nobody could be reached, and why."""
    row = await service.get(session, follow_up_id, lock=True)
    if if_match is not None:
        check_version(if_match, row.version)
    now = clock.now()
    row = await service.give_up(session, row, body.reason, caller.subject, now, thresholds)
    response.headers["ETag"] = etag(row.version)
    return service.show(row, now)
