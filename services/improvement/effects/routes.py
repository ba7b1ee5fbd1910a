"""REST of the effect: ask for the evidence, sign it, read all of it; independent checks."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.improvement.effects import inspections, repository, service
from services.improvement.effects.schemas import (
    AssessmentView,
    EffectView,
    InspectionView,
    NewInspection,
    Signature,
    SignatureView,
)
from services.improvement.improvements import rules
from services.improvement.improvements.routes import answer
from services.improvement.improvements.schemas import ImprovementView
from services.improvement.improvements.service import get_improvement
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("improvements")

Assessor = Annotated[Principal, Depends(require(*rules.MAY["assess"]))]
Inspector = Annotated[Principal, Depends(require(*inspections.INSPECTORS))]
Verifier = Annotated[Principal, Depends(require(*rules.MAY["verify"]))]


@routes.post("/improvements/{improvement_id}/assess")
async def assess_improvement(
    improvement_id: UUID, session: Writing, caller: Assessor, response: Response, if_match: IfMatch = None
) -> ImprovementView:
    """Ask metrics for the evidence again; it arrives by event."""
    record = await service.request_assessment(session, improvement_id, if_match, caller.subject, clock.now())
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/verify")
async def verify_improvement(
    improvement_id: UUID,
    body: Signature,
    session: Writing,
    caller: Verifier,
    response: Response,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Sign the effect. A verdict other than the computed one needs a reason; not by who carried the improvement out."""
    record = await service.verify_improvement(session, improvement_id, if_match, caller, body, clock.now())
    return await answer(session, record, response)


@routes.get("/improvements/{improvement_id}/effect")
async def show_effect(improvement_id: UUID, session: Reading, _caller: Staff) -> EffectView:
    """What this turn of the loop brought, also against the original baseline before the first one."""
    record = await get_improvement(session, improvement_id)
    return EffectView.model_validate(await service.trace_effect(session, record))


@routes.get("/improvements/{improvement_id}/assessments")
async def list_assessments(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 50, cursor: Cursor = None
) -> Page[AssessmentView]:
    """Every answer of metrics, in the order in which they were heard."""
    await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_assessments(session, improvement_id, after, limit + 1)
    return page([AssessmentView.of(row) for row in rows], limit, lambda row: encode_cursor(str(row.id)))


@routes.get("/improvements/{improvement_id}/signatures")
async def list_signatures(improvement_id: UUID, session: Reading, _caller: Staff) -> list[SignatureView]:
    """Everything that was signed, oldest first; what a revision undid stays to be read."""
    await get_improvement(session, improvement_id)
    return [SignatureView.model_validate(row) for row in await repository.list_signatures(session, improvement_id)]


@routes.post("/improvements/{improvement_id}/inspections", status_code=201)
async def inspect_improvement(
    improvement_id: UUID, body: NewInspection, session: Writing, caller: Inspector, response: Response
) -> InspectionView:
    """Check an improvement independently (R48): not by its requester, owner, approvers or implementers."""
    inspection = await inspections.inspect_improvement(session, improvement_id, caller, body, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{improvement_id}/inspections"
    return InspectionView.model_validate(inspection)


@routes.get("/improvements/{improvement_id}/inspections")
async def list_inspections(improvement_id: UUID, session: Reading, _caller: Staff) -> list[InspectionView]:
    """All independent checks, oldest first."""
    await get_improvement(session, improvement_id)
    return [InspectionView.model_validate(row) for row in await repository.list_inspections(session, improvement_id)]
