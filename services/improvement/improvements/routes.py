"""REST of improvement records."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository as approvals
from services.improvement.changes import repository as changes
from services.improvement.improvements import course, editing, repository, rules, service
from services.improvement.improvements.listing import Listing
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import (
    Closing,
    Edit,
    HistoryView,
    ImprovementSummary,
    ImprovementView,
    NewImprovement,
    Reason,
)
from services.improvement.settings import settings
from services.improvement.tasks import repository as tasks
from services.improvement.tasks.schemas import TaskView
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("improvements")

Author = Annotated[Principal, Depends(require(*rules.MAY["edit"]))]
Manager = Annotated[Principal, Depends(require(*rules.MAY["hold"]))]


async def answer(session: AsyncSession, record: Improvement, response: Response) -> ImprovementView:
    """The whole record, and its version as ETag."""
    response.headers["ETag"] = etag(record.version)
    await session.flush()
    return await show(session, record)


async def show(session: AsyncSession, record: Improvement) -> ImprovementView:
    """The whole record."""
    now = clock.now()
    return ImprovementView.of_record(
        record,
        await approvals.list_decisions(session, record.id),
        await approvals.list_of(session, record.id),
        await changes.find_of_revision(session, record.id, record.revision),
        [TaskView.of(task, record, settings().time_zone, now) for task in await tasks.list_of(session, record.id)],
    )


@routes.get("/improvements")
async def list_improvements(
    session: Reading, _caller: Staff, listing: Annotated[Listing, Query()]
) -> Page[ImprovementSummary]:
    """Newest first, by priority, or by what is due next."""
    rows = await repository.list_page(session, listing.wanted(), clock.now())
    return page([ImprovementSummary.of(row) for row in rows], listing.limit, listing.cursor_of)


@routes.post("/improvements", status_code=201)
async def open_improvement(
    body: NewImprovement, session: Writing, caller: Author, response: Response
) -> ImprovementView:
    """Propose an improvement; it is a draft until it is submitted. 409 where the measure and scope have an open one."""
    record = await service.open_improvement(session, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{record.id}"
    return await answer(session, record, response)


@routes.get("/improvements/{improvement_id}")
async def get_improvement(
    improvement_id: UUID, session: Reading, _caller: Staff, response: Response
) -> ImprovementView:
    """The whole record with its approvals, its change and what may be done now."""
    return await answer(session, await service.get_improvement(session, improvement_id), response)


@routes.patch("/improvements/{improvement_id}")
async def edit_improvement(
    improvement_id: UUID, body: Edit, session: Writing, caller: Author, response: Response, if_match: IfMatch = None
) -> ImprovementView:
    """Change the record; fields left out stay as they are. What makes another plan of one that was submitted begins a
    new revision, which asks for approval again."""
    record = await editing.edit_improvement(session, improvement_id, body, if_match, caller.subject, clock.now())
    return await answer(session, record, response)


@routes.get("/improvements/{improvement_id}/history")
async def list_history(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 200, cursor: Cursor = None
) -> Page[HistoryView]:
    """All that happened to the record, oldest first."""
    await service.get_improvement(session, improvement_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    lines = await repository.list_history(session, improvement_id, after, limit + 1)
    return page([HistoryView.model_validate(line) for line in lines], limit, lambda line: encode_cursor(line.id))


@routes.post("/improvements/{improvement_id}/submit")
async def submit_improvement(
    improvement_id: UUID, session: Writing, caller: Author, response: Response, if_match: IfMatch = None
) -> ImprovementView:
    """Ask for approval: needs measure, plan, owner, resources and verification plan."""
    record = await course.submit_improvement(session, improvement_id, if_match, caller.subject, clock.now())
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/revise")
async def revise_improvement(
    improvement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Author,
    response: Response,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Back to draft as a new revision; what was approved must be approved again."""
    record = await course.revise_improvement(
        session, improvement_id, if_match, caller.subject, body.reason, clock.now()
    )
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/hold")
async def hold_improvement(
    improvement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Manager,
    response: Response,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Pause, with a reason."""
    record = await course.hold_improvement(session, improvement_id, if_match, caller.subject, body.reason, clock.now())
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/resume")
async def resume_improvement(
    improvement_id: UUID, session: Writing, caller: Manager, response: Response, if_match: IfMatch = None
) -> ImprovementView:
    """Go on from where it was held."""
    record = await course.resume_improvement(session, improvement_id, if_match, caller.subject, clock.now())
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/withdraw")
async def withdraw_improvement(
    improvement_id: UUID,
    body: Reason,
    session: Writing,
    caller: Manager,
    response: Response,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Give it up, with a reason."""
    record = await course.withdraw_improvement(
        session, improvement_id, if_match, caller.subject, body.reason, clock.now()
    )
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/close")
async def close_improvement(
    improvement_id: UUID,
    session: Writing,
    caller: Manager,
    response: Response,
    body: Closing | None = None,
    if_match: IfMatch = None,
) -> ImprovementView:
    """End a verified record: achieved, partly achieved, not achieved or superseded; and open the next cycle of it."""
    record = await course.close_improvement(session, improvement_id, if_match, caller.subject, clock.now(), body)
    return await answer(session, record, response)
