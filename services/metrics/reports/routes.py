"""REST of reported values."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.metrics.measures.routes import MeasureKey
from services.metrics.measures.service import find_measure
from services.metrics.reports import repository, service
from services.metrics.reports.schemas import DutyView, ReportBody, ReportView
from shared import clock
from shared.auth import STAFF, Principal, Role, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("reports")
Reporter = Annotated[Principal, Depends(require(*STAFF, Role.INTEGRATION))]


@routes.post("/measures/{key}/reports", status_code=201)
async def report(key: MeasureKey, body: ReportBody, session: Writing, _caller: Reporter) -> ReportView:
    """Hand in a period's value (R30), with a suggestion if there is one; what is handed in is kept as it is."""
    return ReportView.model_validate(await service.report(session, key, body))


@routes.get("/measures/{key}/reports")
async def list_reports(
    key: MeasureKey, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[ReportView]:
    """What was handed in, newest first."""
    await find_measure(session, key)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_reports(session, key, before, limit + 1)
    return page([ReportView.model_validate(row) for row in rows], limit, lambda row: encode_cursor(str(row.id)))


@routes.get("/collection")
async def list_duties(session: Reading, _caller: Staff) -> list[DutyView]:
    """The values of ended periods that nobody has handed in yet, due first (R31)."""
    return await service.list_duties(session, clock.now())
