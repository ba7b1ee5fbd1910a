"""REST of gaps."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.metrics.gaps import repository, service
from services.metrics.gaps.schemas import DismissBody, GapDetail, GapState, GapView, OccurrenceView
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("gaps")
Dismisser = Annotated[
    Principal, Depends(require(Role.OPERATIONS_MANAGER, Role.QUALITY_MANAGER, Role.IMPROVEMENT_SUPERVISOR))
]


@routes.get("/gaps")
async def list_gaps(
    session: Reading,
    _caller: Staff,
    state: Annotated[GapState | None, Query()] = None,
    measure_key: Annotated[str | None, Query(max_length=100)] = None,
    scope: Annotated[str | None, Query(max_length=300)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[GapView]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state, "measure_key": measure_key, "scope": scope}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.list_gaps(session, given, before, limit + 1)
    return page([GapView.model_validate(row) for row in rows], limit, lambda gap: encode_cursor(str(gap.id)))


@routes.get("/gaps/{gap_id}")
async def get_gap(gap_id: UUID, session: Reading, _caller: Staff) -> GapDetail:
    """One gap with its months."""
    gap = await repository.get_gap(session, gap_id)
    if gap is None:
        raise service.GapNotFound(f"there is no gap {gap_id}")
    months = [OccurrenceView.model_validate(row) for row in await repository.list_occurrences(session, gap_id)]
    return GapDetail(**GapView.model_validate(gap).model_dump(), months=months)


@routes.post("/gaps/{gap_id}/dismiss")
async def dismiss_gap(gap_id: UUID, body: DismissBody, session: Writing, _caller: Dismisser) -> GapView:
    """Decide that this gap needs no improvement."""
    return GapView.model_validate(await service.dismiss_gap(session, gap_id, body.reason))
