"""REST of sources: what was told, what came of it and why; opinions on reports by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.improvement.improvements.schemas import Origin
from services.improvement.sources import repository, service
from services.improvement.sources.rules import Outcome
from services.improvement.sources.schemas import Opinion, SourceView
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("sources")

Supervisor = Annotated[Principal, Depends(require(Role.IMPROVEMENT_SUPERVISOR))]
Filter = Annotated[str | None, Query(min_length=1, max_length=300)]


@routes.get("/sources")
async def list_sources(
    session: Reading,
    _caller: Staff,
    kind: Annotated[Origin | None, Query()] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    improvement_id: Annotated[UUID | None, Query()] = None,
    reference: Filter = None,
    service_name: Annotated[str | None, Query(alias="service", min_length=1, max_length=300)] = None,
    customer: Filter = None,
    department: Filter = None,
    measure_key: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SourceView]:
    """Newest first: everything that was told, and why it opened a record, attached to one, or was suppressed."""
    given = {
        "kind": kind,
        "outcome": outcome,
        "improvement_id": improvement_id,
        "reference": reference,
        "service": service_name,
        "customer": customer,
        "department": department,
        "measure_key": measure_key,
    }
    filters = {column: value for column, value in given.items() if value is not None}
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await repository.list_newest(session, filters, before, limit + 1)
    return page([SourceView.model_validate(one) for one in found], limit, lambda one: encode_cursor(str(one.id)))


@routes.get("/sources/{source_id}")
async def get_source(source_id: UUID, session: Reading, _caller: Staff) -> SourceView:
    """One telling."""
    return SourceView.model_validate(await service.get_source(session, source_id))


@routes.post("/report-opinions", status_code=201)
async def mark_opinion(body: Opinion, session: Writing, caller: Supervisor, response: Response) -> SourceView:
    """Mark an opinion on a service report (R14): opens an improvement, or attaches to the open one of its measure."""
    source = await service.mark_opinion(session, body, caller, clock.now())
    response.headers["Location"] = f"/improvement/v1/sources/{source.id}"
    return SourceView.model_validate(source)
