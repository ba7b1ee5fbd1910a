"""Independent checks of improvements (R48)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository as approvals
from services.improvement.effects import rules
from services.improvement.effects.models import Inspection
from services.improvement.effects.schemas import NewInspection
from services.improvement.improvements.service import append, lock_improvement, tell
from services.improvement.tasks import repository as tasks
from shared.auth import Principal, Role
from shared.events.improvement import ImprovementInspected
from shared.ids import new_id
from shared.problems import IllegalTransition

INSPECTORS = (Role.QUALITY_MANAGER, Role.AUDITOR)


async def inspect_improvement(
    session: AsyncSession, improvement_id: UUID, caller: Principal, body: NewInspection, now: datetime
) -> Inspection:
    """Somebody without a part in it looks at an improvement.

    Raises:
        ImprovementNotFound
        IllegalTransition: a draft is nothing to inspect yet.
        InspectorIsInvolved: as requester, submitter, owner, approver or implementer.
    """
    record = await lock_improvement(session, improvement_id)
    if record.state == "draft":
        raise IllegalTransition("inspect", record.state, ["submit"])
    steps = await approvals.list_of(session, record.id)
    involved = [
        record.requester,
        record.submitted_by,
        record.owner,
        *(step.decided_by for step in steps),
        *await tasks.list_owners(session, record.id),
    ]
    rules.require_independent((caller.subject, caller.name), involved)
    inspection = Inspection(
        id=new_id(),
        improvement_id=record.id,
        revision=record.revision,
        state=record.state,
        inspected_by=caller.subject,
        role=next(role for role in INSPECTORS if role in caller.roles).value,
        inspected_at=now,
        conforms=body.conforms,
        finding=body.finding,
        evidence=body.evidence,
    )
    session.add(inspection)
    verdict = "conforms" if body.conforms else "does not conform"
    await append(session, record, caller.subject, now, "inspected", record.state, f"{verdict}: {body.finding}")
    await tell(
        session,
        record,
        ImprovementInspected,
        inspection_id=inspection.id,
        inspected_by=caller.subject,
        inspected_at=now,
        conforms=body.conforms,
        finding=body.finding,
    )
    return inspection
