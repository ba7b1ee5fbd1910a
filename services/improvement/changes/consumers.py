"""What becomes a change request, and what ends one."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import service
from shared import clock
from shared.events.envelope import Event
from shared.events.improvement import (
    ImprovementApprovalExpired,
    ImprovementApproved,
    ImprovementFact,
    ImprovementRejected,
    ImprovementRevised,
    ImprovementWithdrawn,
)
from shared.inbox import Handler


async def supersede(session: AsyncSession, events: Sequence[Event[ImprovementFact]]) -> None:
    """What was raised for a plan that is the approved one no more."""
    await service.supersede_changes(session, events, clock.now())


handlers = (
    Handler("improvement.changes.request", ImprovementApproved, service.request_changes),
    Handler("improvement.changes.supersede_revised", ImprovementRevised, supersede),
    Handler("improvement.changes.supersede_rejected", ImprovementRejected, supersede),
    Handler("improvement.changes.supersede_withdrawn", ImprovementWithdrawn, supersede),
    Handler("improvement.changes.supersede_expired", ImprovementApprovalExpired, supersede),
)
