"""REST of the discussion of an improvement."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.improvement.discussion import repository, service
from services.improvement.discussion.models import Entry
from services.improvement.discussion.rules import Kind
from services.improvement.discussion.schemas import EntryBody, EntryEdit, EntryView, RetractionBody
from services.improvement.participants.access import visible_improvement
from services.improvement.participants.routes import Reader
from services.improvement.settings import settings
from shared import clock
from shared.auth import Principal, customer_of
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("discussion")


def _answer(entry: Entry, caller: Principal, response: Response) -> EntryView:
    response.headers["ETag"] = etag(entry.version)
    return EntryView.of(entry, customer_of(caller) is not None)


@routes.get("/improvements/{improvement_id}/discussion")
async def list_entries(
    improvement_id: UUID,
    session: Reading,
    caller: Reader,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[EntryView]:
    """Oldest first. A customer who takes part is shown the comments that are visible to the customer."""
    await visible_improvement(session, improvement_id, caller)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    to_customer = customer_of(caller) is not None
    rows = await repository.list_after(session, improvement_id, kind, to_customer, after, limit + 1)
    return page([EntryView.of(row, to_customer) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/improvements/{improvement_id}/discussion", status_code=201)
async def write_entry(
    improvement_id: UUID, body: EntryBody, session: Writing, caller: Reader, response: Response
) -> EntryView:
    """Comment, report progress, or put a decision on the record."""
    entry = await service.write_entry(session, improvement_id, body, caller, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{improvement_id}/discussion/{entry.id}"
    return _answer(entry, caller, response)


@routes.get("/improvements/{improvement_id}/discussion/{entry_id}")
async def get_entry(
    improvement_id: UUID, entry_id: UUID, session: Reading, caller: Reader, response: Response
) -> EntryView:
    """One entry."""
    return _answer(await service.find_entry(session, improvement_id, entry_id, caller), caller, response)


@routes.patch("/improvements/{improvement_id}/discussion/{entry_id}")
async def edit_entry(
    improvement_id: UUID,
    entry_id: UUID,
    body: EntryEdit,
    session: Writing,
    caller: Reader,
    response: Response,
    if_match: IfMatch = None,
) -> EntryView:
    """Mend a slip, by the author within the first minutes; a decision stands."""
    minutes = settings().discussion_edit_minutes
    entry = await service.edit_entry(session, improvement_id, entry_id, body, if_match, caller, clock.now(), minutes)
    return _answer(entry, caller, response)


@routes.post("/improvements/{improvement_id}/discussion/{entry_id}/retraction")
async def retract_entry(
    improvement_id: UUID,
    entry_id: UUID,
    body: RetractionBody,
    session: Writing,
    caller: Reader,
    response: Response,
) -> EntryView:
    """Take back, with a reason; nothing is deleted. By the author or an improvement supervisor."""
    entry = await service.retract_entry(session, improvement_id, entry_id, body.reason, caller, clock.now())
    return _answer(entry, caller, response)
