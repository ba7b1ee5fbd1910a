"""REST of the satisfaction index (R186, R204)."""

from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query

from services.satisfaction.index import service
from services.satisfaction.index.schemas import By, IndexPoint
from services.satisfaction.settings import Thresholds
from shared import clock
from shared.auth import Staff
from shared.http import Reading, router
from shared.problems import Malformed

routes = router("satisfaction index")
_MOST_MONTHS = 120

Month = Annotated[str | None, Query(pattern=r"^(199\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]


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
    zone = ZoneInfo(thresholds.time_zone)
    last = _read(to) or clock.now().astimezone(zone).date().replace(day=1)
    first = _read(from_) or _move(last, -11)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 0 < months <= _MOST_MONTHS:
        raise Malformed(f"query.to: between {first:%Y-%m} and {_MOST_MONTHS - 1} months later")
    return await service.list_points(
        session, _begin(first, zone), _begin(_move(last, 1), zone), thresholds.time_zone, by
    )


def _read(month: str | None) -> date | None:
    return None if month is None else date.fromisoformat(f"{month}-01")


def _move(month: date, months: int) -> date:
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def _begin(month: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(month, time(), zone).astimezone(UTC)
