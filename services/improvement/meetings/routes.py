"""REST of meetings."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.schemas import format_number as format_improvement
from services.improvement.meetings import items, repository, rules, service
from services.improvement.meetings.models import Meeting
from services.improvement.meetings.schemas import (
    AttendeesBody,
    HoldBody,
    ImprovementBody,
    ItemBody,
    ItemEdit,
    MeetingBody,
    MeetingEdit,
    MeetingSummary,
    MeetingView,
    MinutesBody,
    MinutesView,
    OpenedView,
    OutcomeBody,
    ReasonBody,
)
from services.improvement.meetings.views import describe, summarise
from services.improvement.settings import settings
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("meetings")

Organiser = Annotated[Principal, Depends(require(*rules.ORGANISERS))]
Department = Annotated[str | None, Query(min_length=1, max_length=200)]


def today() -> date:
    """The day that it is in the installation's zone."""
    return clock.now().astimezone(ZoneInfo(settings().time_zone)).date()


async def _answer(session: AsyncSession, meeting: Meeting, response: Response) -> MeetingView:
    await session.flush()
    response.headers["ETag"] = etag(meeting.version)
    return await describe(session, meeting, today())


@routes.get("/meetings")
async def list_meetings(
    session: Reading,
    _caller: Staff,
    kind: Annotated[rules.Kind | None, Query()] = None,
    department: Department = None,
    state: Annotated[rules.State | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MeetingSummary]:
    """The latest planned time first."""
    before: tuple[datetime, UUID] | None = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = {"kind": kind, "department": department, "state": state}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_newest(session, given, before, limit + 1)
    shown = [summarise(row) for row in rows]
    return page(shown, limit, lambda item: encode_cursor(item.planned_at.isoformat(), str(item.id)))


@routes.post("/meetings", status_code=201)
async def plan_meeting(body: MeetingBody, session: Writing, caller: Organiser, response: Response) -> MeetingView:
    """Plan a meeting. What the last one of its kind and department left undone comes to it by itself, as item 0."""
    meeting = await service.plan_meeting(session, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/meetings/{meeting.id}"
    return await _answer(session, meeting, response)


@routes.get("/meetings/{meeting_id}")
async def get_meeting(meeting_id: UUID, session: Reading, _caller: Staff, response: Response) -> MeetingView:
    """The whole meeting, and what it lacks before its next step."""
    return await _answer(session, await service.get_meeting(session, meeting_id), response)


@routes.patch("/meetings/{meeting_id}")
async def edit_meeting(
    meeting_id: UUID,
    body: MeetingEdit,
    session: Writing,
    _caller: Organiser,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingView:
    """Another time, place, title or chair of a planned meeting."""
    meeting = await service.edit_meeting(session, meeting_id, body, if_match, clock.now())
    return await _answer(session, meeting, response)


@routes.put("/meetings/{meeting_id}/attendees")
async def put_attendees(
    meeting_id: UUID,
    body: AttendeesBody,
    session: Writing,
    _caller: Organiser,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingView:
    """Who is expected and who came, as a whole, until the minutes are signed off."""
    meeting = await service.put_attendees(session, meeting_id, body, if_match, clock.now())
    return await _answer(session, meeting, response)


@routes.put("/meetings/{meeting_id}/minutes")
async def put_minutes(
    meeting_id: UUID,
    body: MinutesBody,
    session: Writing,
    caller: Organiser,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingView:
    """Write another version of the minutes, until the chair signs them off."""
    meeting = await service.write_minutes(session, meeting_id, body.body, if_match, caller.subject, clock.now())
    return await _answer(session, meeting, response)


@routes.get("/meetings/{meeting_id}/minutes")
async def list_minutes(meeting_id: UUID, session: Reading, _caller: Staff) -> list[MinutesView]:
    """Every version and every addendum, in order."""
    await service.get_meeting(session, meeting_id)
    return [MinutesView.model_validate(row) for row in await repository.list_minutes(session, meeting_id)]


@routes.post("/meetings/{meeting_id}/addenda", status_code=201)
async def add_addendum(
    meeting_id: UUID, body: MinutesBody, session: Writing, caller: Organiser, response: Response
) -> MeetingView:
    """Put signed minutes right; they themselves stay as they were signed."""
    meeting = await service.add_addendum(session, meeting_id, body.body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/meetings/{meeting_id}/minutes"
    return await _answer(session, meeting, response)


@routes.post("/meetings/{meeting_id}/items", status_code=201)
async def add_item(
    meeting_id: UUID, body: ItemBody, session: Writing, caller: Organiser, response: Response
) -> MeetingView:
    """Add a point of the agenda, an item of the plan, or an action."""
    meeting = await service.add_item(session, meeting_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/meetings/{meeting_id}"
    return await _answer(session, meeting, response)


@routes.patch("/meetings/{meeting_id}/items/{item_id}")
async def edit_item(
    meeting_id: UUID,
    item_id: UUID,
    body: ItemEdit,
    session: Writing,
    _caller: Organiser,
    response: Response,
    if_match: IfMatch = None,
) -> MeetingView:
    """Mend an item; `If-Match` names the item's own version."""
    await items.edit_item(session, meeting_id, item_id, body, if_match, clock.now())
    return await _answer(session, await service.get_meeting(session, meeting_id), response)


@routes.post("/meetings/{meeting_id}/items/{item_id}/outcome")
async def tell_outcome(
    meeting_id: UUID, item_id: UUID, body: OutcomeBody, session: Writing, caller: Staff, response: Response
) -> MeetingView:
    """Say of a plan item or an action whether it was done. By an organiser or its owner."""
    await items.tell_outcome(session, meeting_id, item_id, body, caller, clock.now())
    return await _answer(session, await service.get_meeting(session, meeting_id), response)


@routes.post("/meetings/{meeting_id}/items/{item_id}/improvement", status_code=201)
async def open_improvement(
    meeting_id: UUID,
    item_id: UUID,
    session: Writing,
    caller: Organiser,
    response: Response,
    body: ImprovementBody | None = None,
) -> OpenedView:
    """Make an action an improvement of origin meeting, linked to it."""
    item, record = await items.open_improvement(
        session, meeting_id, item_id, body or ImprovementBody(), caller.subject, clock.now()
    )
    response.headers["Location"] = f"/improvement/v1/improvements/{record.id}"
    return OpenedView(
        item_id=item.id, improvement_id=record.id, number=format_improvement(record.number), title=record.title
    )


@routes.post("/meetings/{meeting_id}/hold")
async def hold_meeting(
    meeting_id: UUID,
    session: Writing,
    _caller: Organiser,
    response: Response,
    body: HoldBody | None = None,
    if_match: IfMatch = None,
) -> MeetingView:
    """It took place: needs minutes and who was there."""
    meeting = await service.hold_meeting(session, meeting_id, body or HoldBody(), clock.now(), if_match)
    return await _answer(session, meeting, response)


@routes.post("/meetings/{meeting_id}/sign-off")
async def sign_off(
    meeting_id: UUID, session: Writing, caller: Staff, response: Response, if_match: IfMatch = None
) -> MeetingView:
    """The chair signs what was read; the monthly meeting must have said of every item of the plan whether it was
    done."""
    meeting = await service.sign_off(session, meeting_id, if_match, caller.subject, today(), clock.now())
    return await _answer(session, meeting, response)


@routes.post("/meetings/{meeting_id}/cancel")
async def cancel_meeting(
    meeting_id: UUID, body: ReasonBody, session: Writing, _caller: Organiser, response: Response
) -> MeetingView:
    """It does not take place, and why."""
    meeting = await service.cancel_meeting(session, meeting_id, body.reason, clock.now())
    return await _answer(session, meeting, response)
