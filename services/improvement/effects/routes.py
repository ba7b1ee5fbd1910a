"""REST of the effect: ask for the evidence, sign it."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.improvement.effects import service
from services.improvement.effects.schemas import Signature
from services.improvement.improvements import rules
from services.improvement.improvements.routes import answer
from services.improvement.improvements.schemas import ImprovementView
from shared import clock
from shared.auth import Principal, require
from shared.http import IfMatch, Writing, router

routes = router("improvements")

Assessor = Annotated[Principal, Depends(require(*rules.MAY["assess"]))]
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
