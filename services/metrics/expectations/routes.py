"""REST of targets and baselines."""

from typing import Annotated

from fastapi import Depends

from services.metrics.expectations import repository, service
from services.metrics.expectations.schemas import BaselineBody, BaselineView, TargetBody, TargetView
from services.metrics.measures.routes import MeasureKey
from services.metrics.measures.service import find_measure
from shared.auth import Principal, Role, Staff, require
from shared.http import Reading, Writing, router

routes = router("measures")
Setter = Annotated[
    Principal,
    Depends(require(Role.PROCESS_OWNER, Role.QUALITY_MANAGER, Role.OPERATIONS_MANAGER, Role.IMPROVEMENT_SUPERVISOR)),
]


@routes.get("/measures/{key}/targets")
async def list_targets(key: MeasureKey, session: Reading, _caller: Staff) -> list[TargetView]:
    """Every target ever set, in the order in which they take effect."""
    await find_measure(session, key)
    return [TargetView.model_validate(row) for row in await repository.list_targets(session, key)]


@routes.post("/measures/{key}/targets", status_code=201)
async def set_target(key: MeasureKey, body: TargetBody, session: Writing, _caller: Setter) -> TargetView:
    """Set what is expected from a period on; the closed periods since then are judged again (R29)."""
    return TargetView.model_validate(await service.set_target(session, key, body))


@routes.get("/measures/{key}/baselines")
async def list_baselines(key: MeasureKey, session: Reading, _caller: Staff) -> list[BaselineView]:
    """Every baseline ever set, in the order in which they take effect."""
    await find_measure(session, key)
    return [BaselineView.model_validate(row) for row in await repository.list_baselines(session, key)]


@routes.post("/measures/{key}/baselines", status_code=201)
async def set_baseline(key: MeasureKey, body: BaselineBody, session: Writing, _caller: Setter) -> BaselineView:
    """Set the level to hold, given or computed from a window of months (R29)."""
    return BaselineView.model_validate(await service.set_baseline(session, key, body))
