"""REST of links, from both sides."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.improvement.improvements.routes import Author
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import get_improvement
from services.improvement.links import repository, rules, service
from services.improvement.links.rules import LinkKind
from services.improvement.links.schemas import LinkBody, LinkedView, LinkView, RemovalBody
from shared import clock
from shared.auth import Staff
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("links")

Removed = Annotated[bool, Query(description="Those that were removed too.")]


@routes.get("/links")
async def list_linked(
    session: Reading,
    _caller: Staff,
    kind: Annotated[LinkKind, Query()],
    reference: Annotated[str, Query(min_length=1, max_length=200)],
    removed: Removed = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LinkedView]:
    """The records that are linked to this gap, finding, complaint, ticket …, newest link first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    asked = rules.normalise_reference(kind, reference.strip())
    rows = await repository.list_linked(session, kind, asked, removed, before, limit + 1)
    shown = [LinkedView.model_validate({**row._mapping, "number": format_number(row.number)}) for row in rows]
    return page(shown, limit, lambda item: encode_cursor(str(item.id)))


@routes.get("/improvements/{improvement_id}/links")
async def list_links(
    improvement_id: UUID,
    session: Reading,
    _caller: Staff,
    removed: Removed = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[LinkView]:
    """What the record is linked to, oldest first."""
    await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_after(session, improvement_id, removed, after, limit + 1)
    return page([LinkView.model_validate(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/improvements/{improvement_id}/links", status_code=201)
async def add_link(
    improvement_id: UUID, body: LinkBody, session: Writing, caller: Author, response: Response
) -> LinkView:
    """Link the record to something; 409 where it is linked to that already."""
    link = await service.add_link(session, improvement_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{improvement_id}/links/{link.id}"
    return LinkView.model_validate(link)


@routes.get("/improvements/{improvement_id}/links/{link_id}")
async def get_link(improvement_id: UUID, link_id: UUID, session: Reading, _caller: Staff) -> LinkView:
    """One link, removed or not."""
    return LinkView.model_validate(await service.find_link(session, improvement_id, link_id))


@routes.post("/improvements/{improvement_id}/links/{link_id}/removal")
async def remove_link(
    improvement_id: UUID, link_id: UUID, body: RemovalBody, session: Writing, caller: Author
) -> LinkView:
    """Say why it stands no more; the link stays to be read."""
    link = await service.remove_link(session, improvement_id, link_id, body.reason, caller.subject, clock.now())
    return LinkView.model_validate(link)
