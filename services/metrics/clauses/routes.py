"""REST of clauses in operation: the desk's list, and what people hand in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.metrics.clauses import repository, service
from services.metrics.clauses.schemas import (
    AtRiskView,
    CountBody,
    FulfilmentBody,
    OccurrenceBody,
    RecordKind,
    RecordView,
)
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("clauses")
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]
Recorder = Annotated[
    Principal,
    Depends(
        require(
            Role.PROJECT_MANAGER,
            Role.OPERATIONS_MANAGER,
            Role.PROCESS_OWNER,
            Role.QUALITY_MANAGER,
            Role.SERVICE_DESK,
            Role.ENGINEER,
            Role.INTEGRATION,
        )
    ),
]


@routes.get("/clauses/at-risk")
async def list_at_risk(
    session: Reading,
    _caller: Staff,
    customer: Filter = None,
    service: Filter = None,
    group: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[AtRiskView]:
    """R58: open tickets whose promised time is nearly over, or is; due next first."""
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = repository.WorkFilters(customer=customer, service=service, group=group)
    rows = await repository.list_at_risk(session, filters, after, limit + 1)
    found = page(rows, limit, lambda row: encode_cursor(row.order_at.isoformat(), str(row.id)))
    return Page(items=[AtRiskView.model_validate(row) for row in found.items], next_cursor=found.next_cursor)


@routes.post("/clauses/{clause_id}/occurrences", status_code=201)
async def record_occurrence(clause_id: UUID, body: OccurrenceBody, session: Writing, _caller: Recorder) -> RecordView:
    """R166: say that what is promised every so often happened."""
    return RecordView.model_validate(await service.record_occurrence(session, clause_id, body))


@routes.post("/clauses/{clause_id}/fulfilments", status_code=201)
async def record_fulfilment(clause_id: UUID, body: FulfilmentBody, session: Writing, _caller: Recorder) -> RecordView:
    """R167: say since when it is fulfilled, and what shows it."""
    return RecordView.model_validate(await service.record_fulfilment(session, clause_id, body))


@routes.post("/clauses/{clause_id}/counts", status_code=201)
async def record_count(clause_id: UUID, body: CountBody, session: Writing, _caller: Recorder) -> RecordView:
    """R165: report a number that nothing here counts."""
    return RecordView.model_validate(await service.record_count(session, clause_id, body))


@routes.get("/clauses/{clause_id}/records")
async def list_records(
    clause_id: UUID,
    session: Reading,
    _caller: Staff,
    kind: Annotated[RecordKind, Query()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RecordView]:
    """What was handed in of this kind, newest first."""
    await service.find_clause(session, clause_id)
    before = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await repository.list_records(session, clause_id, kind, before, limit + 1)
    views = [RecordView.model_validate(row) for row in rows]
    return page(views, limit, lambda item: encode_cursor(item.at.isoformat(), str(item.id)))
