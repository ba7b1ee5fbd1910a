"""REST of the approval policy and of approval chains."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.improvement.approvals import repository, service
from services.improvement.approvals.schemas import Decision, Delegation, PolicyBody, PolicyView, Refusal, StepView
from services.improvement.improvements.routes import answer
from services.improvement.improvements.schemas import ImprovementView
from services.improvement.improvements.service import get_improvement
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("approvals")

PolicyWriter = Annotated[Principal, Depends(require(*service.WRITERS))]


@routes.get("/approval-policy")
async def get_policy(session: Reading, _caller: Staff, response: Response) -> PolicyView:
    """Who must approve which plan, in which order."""
    policy = await service.get_policy(session)
    response.headers["ETag"] = etag(policy.version)
    return policy


@routes.put("/approval-policy")
async def set_policy(
    body: PolicyBody, session: Writing, caller: PolicyWriter, response: Response, if_match: IfMatch = None
) -> PolicyView:
    """Set who must approve what is submitted from now on. One rule must hold always."""
    policy = await service.set_policy(session, body, if_match, caller.subject, clock.now())
    response.headers["ETag"] = etag(policy.version)
    return policy


@routes.get("/improvements/{improvement_id}/approvals")
async def list_steps(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 200, cursor: Cursor = None
) -> Page[StepView]:
    """The steps of every revision's chain, oldest first."""
    record = await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, int, int) if cursor else (0, 0)
    steps = [step for step in await repository.list_of(session, record.id) if (step.revision, step.step) > after]
    views = [StepView.model_validate(step) for step in steps[: limit + 1]]
    return page(views, limit, lambda view: encode_cursor(view.revision, view.step))


@routes.post("/improvements/{improvement_id}/approve")
async def approve_improvement(
    improvement_id: UUID,
    session: Writing,
    caller: Staff,
    response: Response,
    body: Decision | None = None,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Say yes as who holds the open step's role or one above it, or as its delegate. The last yes freezes the
    verification plan and has the change raised. Not by requester or submitter, nor twice by one person."""
    record = await service.approve_improvement(
        session, improvement_id, if_match, caller, body or Decision(), clock.now()
    )
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/reject")
async def reject_improvement(
    improvement_id: UUID, body: Refusal, session: Writing, caller: Staff, response: Response, if_match: IfMatch = None
) -> ImprovementView:
    """Say no, and why; it ends the record. By whom an approval may be given."""
    record = await service.reject_improvement(session, improvement_id, if_match, caller, body, clock.now())
    return await answer(session, record, response)


@routes.post("/improvements/{improvement_id}/approvals/delegate")
async def delegate_step(
    improvement_id: UUID,
    body: Delegation,
    session: Writing,
    caller: Staff,
    response: Response,
    if_match: IfMatch = None,
) -> ImprovementView:
    """Hand the open step to somebody who did not ask for the approval and decided no other step, and say why."""
    record = await service.delegate_step(session, improvement_id, if_match, caller, body, clock.now())
    return await answer(session, record, response)
