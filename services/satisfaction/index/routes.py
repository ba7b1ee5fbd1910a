"""REST of the satisfaction index (R186, R204)."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query

from services.satisfaction.index import rules, service
from services.satisfaction.index.schemas import By, IndexPoint
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Staff
from shared.http import Reading, router

routes = router("satisfaction index")
Month = Annotated[str | None, Query(pattern=rules.MONTH)]


@routes.get("/index")
async def list_index(
    session: Reading,
    _caller: Staff,
    thresholds: Thresholds,
    from_: Annotated[
        Month, Query(alias="from", description="The first month, as 2026-01; default: a year ago.")
    ] = None,
    to: Annotated[Month, Query(description="The last month; default: this one.")] = None,
    by: Annotated[By | None, Query(description="Told apart by service, customer, group or segment.")] = None,
) -> list[IndexPoint]:
    """The satisfaction index by month and mode: phone, link and survey stand beside each other."""
    today = clock.now().astimezone(ZoneInfo(thresholds.time_zone)).date()
    since, until = rules.choose_months(from_, to, today)
    return await service.list_points(session, since, until, thresholds.time_zone, by)
