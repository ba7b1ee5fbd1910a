"""The forms of costs and benefits, on the record's page."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.benefits import service
from services.improvement.benefits.models import BenefitEntry, CostPeriod
from services.improvement.benefits.routes import Recorder
from services.improvement.benefits.schemas import CostPeriodBody, EntryBody, RetractionBody
from services.improvement.improvements.showing import take
from shared import clock
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()

_AMOUNT = ("side", "kind", "category", "day", "amount", "currency", "evidence", "note")
_PERIOD = (
    "phase",
    "period_from",
    "period_to",
    "volume",
    "volume_unit",
    "cost",
    "benefit",
    "currency",
    "evidence",
)


@pages.post("/improvements/{improvement_id}/benefits/add")
async def take_amount(request: Request, improvement_id: UUID, caller: Recorder) -> Response:
    """An amount spent or gained."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = EntryBody.model_validate(given(typed, *_AMOUNT))
        return await service.record_amount(session, improvement_id, body, caller.subject, clock.now())

    return await take(request, improvement_id, caller, "benefits/add", typed, act)


@pages.post("/improvements/{improvement_id}/benefits/periods/add")
async def take_period(request: Request, improvement_id: UUID, caller: Recorder) -> Response:
    """What a period before or after cost and handled."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = CostPeriodBody.model_validate(given(typed, *_PERIOD))
        return await service.record_period(session, improvement_id, body, caller.subject, clock.now())

    return await take(request, improvement_id, caller, "benefits/period", typed, act)


@pages.post("/improvements/{improvement_id}/benefits/periods/{period_id}/retract")
async def take_period_back(request: Request, improvement_id: UUID, period_id: UUID, caller: Recorder) -> Response:
    """A period counts no more, and why."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        reason = RetractionBody.model_validate({"reason": typed.get("reason", "")}).reason
        return await service.retract(
            session, CostPeriod, improvement_id, period_id, reason, caller.subject, clock.now()
        )

    return await take(request, improvement_id, caller, f"benefits/{period_id}", typed, act)


@pages.post("/improvements/{improvement_id}/benefits/{entry_id}/retract")
async def take_amount_back(request: Request, improvement_id: UUID, entry_id: UUID, caller: Recorder) -> Response:
    """An amount counts no more, and why."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        reason = RetractionBody.model_validate({"reason": typed.get("reason", "")}).reason
        return await service.retract(
            session, BenefitEntry, improvement_id, entry_id, reason, caller.subject, clock.now()
        )

    return await take(request, improvement_id, caller, f"benefits/{entry_id}", typed, act)
