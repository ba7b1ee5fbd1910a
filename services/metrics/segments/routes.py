"""REST of customer groups."""

from typing import Annotated

from fastapi import Query

from services.metrics.measures.periods import next_month
from services.metrics.measures.routes import MeasureKey
from services.metrics.measures.service import find_measure
from services.metrics.observations.routes import check_range, parse_month
from services.metrics.segments import service
from services.metrics.segments.schemas import SegmentPoint, SegmentsView, SegmentView
from shared.auth import Staff
from shared.http import Reading, router

routes = router("catalogue")
Month = Annotated[str, Query(max_length=10, pattern=r"^\d{4}-\d{2}(-\d{2})?$", description="2016-03, or a day in it.")]


@routes.get("/segments")
async def list_segments(session: Reading, _caller: Staff) -> list[SegmentView]:
    """The groups that customers are served in (R204)."""
    return [SegmentView.model_validate(row) for row in await service.list_segments(session)]


@routes.get("/measures/{key}/segments")
async def get_segments(
    key: MeasureKey,
    session: Reading,
    _caller: Staff,
    from_: Annotated[Month, Query(alias="from")],
    to: Month,
    segment: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> SegmentsView:
    """R204: the measure's closed periods by group of customers, from those that are observed one by one."""
    first, last = parse_month(from_, "from"), parse_month(to, "to")
    assert first is not None
    assert last is not None
    check_range(first, last)
    measure = await find_measure(session, key)
    points = await service.tell_apart(session, measure, segment, first, next_month(last))
    views = [SegmentPoint.model_validate(point) for point in points]
    return SegmentsView(measure_key=measure.key, unit=measure.unit, points=views)
