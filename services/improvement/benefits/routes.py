"""REST of costs and benefits, and of what improvements achieved."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.improvement.benefits import repository, service
from services.improvement.benefits.models import BenefitEntry, CostPeriod
from services.improvement.benefits.schemas import (
    AchievementView,
    CostBenefitView,
    CostPeriodBody,
    CostPeriodView,
    EntryBody,
    EntryView,
    RetractionBody,
)
from services.improvement.improvements.service import get_improvement
from services.improvement.participants.rules import INVITERS
from services.improvement.settings import settings
from services.improvement.tasks.schemas import Day
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("benefits")

Recorder = Annotated[Principal, Depends(require(*INVITERS))]
_IMPROVEMENTS = "/improvement/v1/improvements"


@routes.get("/achievement")
async def get_achievement(
    session: Reading,
    _caller: Staff,
    first: Annotated[Day, Query(alias="from", description="The first day.")],
    behind: Annotated[Day, Query(alias="to", description="The first day behind.")],
) -> AchievementView:
    """What improvements achieved in that time: closed, verified, share effective with n, savings by currency, mean days
    to close, overdue."""
    return await service.find_achievement(session, first, behind, settings().time_zone, clock.now())


@routes.get("/improvements/{improvement_id}/benefits")
async def list_benefits(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 100, cursor: Cursor = None
) -> Page[EntryView]:
    """Costs and benefits, planned and actual, oldest first; retracted ones too."""
    await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_after(session, BenefitEntry, improvement_id, after, limit + 1)
    return page([EntryView.model_validate(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/improvements/{improvement_id}/benefits", status_code=201)
async def record_amount(
    improvement_id: UUID, body: EntryBody, session: Writing, caller: Recorder, response: Response
) -> EntryView:
    """Record a cost or a benefit."""
    entry = await service.record_amount(session, improvement_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"{_IMPROVEMENTS}/{improvement_id}/benefits/{entry.id}"
    return EntryView.model_validate(entry)


@routes.get("/improvements/{improvement_id}/benefits/{entry_id}")
async def get_benefit(improvement_id: UUID, entry_id: UUID, session: Reading, _caller: Staff) -> EntryView:
    """One amount, retracted or not."""
    return EntryView.model_validate(await service.find(session, BenefitEntry, improvement_id, entry_id))


@routes.post("/improvements/{improvement_id}/benefits/{entry_id}/retraction")
async def retract_amount(
    improvement_id: UUID, entry_id: UUID, body: RetractionBody, session: Writing, caller: Recorder
) -> EntryView:
    """It counts no more; it stays to be read."""
    row = await service.retract(
        session, BenefitEntry, improvement_id, entry_id, body.reason, caller.subject, clock.now()
    )
    return EntryView.model_validate(row)


@routes.get("/improvements/{improvement_id}/cost-periods")
async def list_periods(
    improvement_id: UUID, session: Reading, _caller: Staff, limit: Limit = 100, cursor: Cursor = None
) -> Page[CostPeriodView]:
    """What periods before and after cost and handled, oldest entry first; retracted ones too."""
    await get_improvement(session, improvement_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_after(session, CostPeriod, improvement_id, after, limit + 1)
    return page([CostPeriodView.model_validate(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/improvements/{improvement_id}/cost-periods", status_code=201)
async def record_period(
    improvement_id: UUID, body: CostPeriodBody, session: Writing, caller: Recorder, response: Response
) -> CostPeriodView:
    """Record what a period before or after cost, and the volume that it handled."""
    period = await service.record_period(session, improvement_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"{_IMPROVEMENTS}/{improvement_id}/cost-periods/{period.id}"
    return CostPeriodView.model_validate(period)


@routes.get("/improvements/{improvement_id}/cost-periods/{period_id}")
async def get_period(improvement_id: UUID, period_id: UUID, session: Reading, _caller: Staff) -> CostPeriodView:
    """One period, retracted or not."""
    return CostPeriodView.model_validate(await service.find(session, CostPeriod, improvement_id, period_id))


@routes.post("/improvements/{improvement_id}/cost-periods/{period_id}/retraction")
async def retract_period(
    improvement_id: UUID, period_id: UUID, body: RetractionBody, session: Writing, caller: Recorder
) -> CostPeriodView:
    """It counts no more; it stays to be read."""
    row = await service.retract(
        session, CostPeriod, improvement_id, period_id, body.reason, caller.subject, clock.now()
    )
    return CostPeriodView.model_validate(row)


@routes.get("/improvements/{improvement_id}/cost-benefit")
async def get_account(improvement_id: UUID, session: Reading, _caller: Staff) -> CostBenefitView:
    """Saving at the same volume (F7), return (F8), before beside after (F9); each currency by itself."""
    await get_improvement(session, improvement_id)
    return await service.account(session, improvement_id)
